CREATE INDEX group_requests_by_time ON group_requests (expires_ms);
