//! Threads for what files cost: hashing, decoding, waiting for the disk. To the scheduler they come after chat's.

use std::{future::Future, io};

use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinError, JoinHandle},
};

/// The nice value that leaves the processor to chat and takes what is left.
const LOW_PRIORITY: i32 = 10;
/// Work that blocks at the same time: a disk with a queue wants some, the memory of files bounds them anyway.
const BLOCKING_MAX: usize = 16;

/// A runtime of its own. What is under way when it goes is left alone: nothing half-written is ever found.
#[derive(Debug)]
pub(in crate::features::files) struct Workers(Option<Runtime>);

impl Workers {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(BLOCKING_MAX)
            .thread_name("files")
            .on_thread_start(|| {
                // To Linux a thread is a process with a priority of its own. Without the right to it, all goes on as before.
                let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOW_PRIORITY);
            })
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs work that waits. It goes to its end, also when nobody waits for it any more.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0 {
            Some(runtime) => runtime.spawn(work),
            None => tokio::spawn(work),
        }
    }

    /// Runs work that computes, or blocks.
    pub(in crate::features::files) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match &self.0 {
            Some(runtime) => runtime.spawn_blocking(work).await,
            None => tokio::task::spawn_blocking(work).await,
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
