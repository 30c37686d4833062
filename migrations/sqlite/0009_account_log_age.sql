-- writer: tombstones of the account logs by age
CREATE INDEX account_log_gone ON account_log (at_ms) WHERE value IS NULL;
