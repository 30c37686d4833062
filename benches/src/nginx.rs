//! nginx and curl: what people move files with today.

use std::path::Path;

/// Where its files are, in its folder.
pub(crate) const FILES: &str = "files";

/// One process that takes and gives files over TLS.
pub(crate) fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
events {{}}
http {{
  access_log off; sendfile on; client_body_temp_path {folder}/temp;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certs/server.pem; ssl_certificate_key {folder}/certs/server.key; ssl_protocols TLSv1.3;
    root {folder}/{FILES}; client_max_body_size 0; dav_methods PUT;
  }}
}}
"
    )
}
