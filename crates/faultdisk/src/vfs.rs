//! The VFS: SQLite's C interface on one side, the system's VFS on the other, [`crate::disk`] between them.
//!
//! Shared memory (`-shm`) and locks are the system's: they do not outlive a power cut. Nothing is synced for
//! real: the model decides what is durable.
#![expect(unsafe_code, reason = "a VFS is a table of C functions over memory that SQLite hands out")]
// SAFETY, for all functions below: SQLite calls them with the VFS registered in `register`, or with a file that
// `open` made and `close` did not end yet; a file has room for `Shim` and behind it for the system's own file.

use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_void},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    ptr,
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use crate::{Change, Verdict, disk};

/// A file as SQLite sees it. The system's file lies right behind it.
#[repr(C)]
struct Shim {
    methods: *const sqlite3_io_methods,
    /// A `Box`; null for a file without a name.
    path: *mut PathBuf,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes it the default of this process. Call it once.
pub(crate) fn register() {
    // SAFETY: the system's VFS lives as long as the process, and so does ours, which is leaked.
    unsafe {
        let system = ffi::sqlite3_vfs_find(ptr::null());
        let own = sqlite3_vfs {
            szOsFile: size_of::<Shim>() as c_int + (*system).szOsFile,
            pNext: ptr::null_mut(),
            zName: c"litrocket-faultdisk".as_ptr(),
            pAppData: system.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            ..*system
        };
        let result = ffi::sqlite3_vfs_register(Box::into_raw(Box::new(own)), 1);
        assert_eq!(result, ffi::SQLITE_OK, "SQLite takes the VFS");
    }
}

unsafe fn system_of(vfs: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    unsafe { (*vfs).pAppData.cast() }
}

/// The system's file and its methods.
unsafe fn real(file: *mut sqlite3_file) -> (*mut sqlite3_file, &'static sqlite3_io_methods) {
    unsafe {
        let real: *mut sqlite3_file = file.cast::<Shim>().add(1).cast();
        (real, &*(*real).pMethods)
    }
}

unsafe fn path_of(name: *const c_char) -> PathBuf {
    let name = unsafe { CStr::from_ptr(name) };
    Path::new(OsStr::from_bytes(name.to_bytes())).to_owned()
}

/// Asks the disk. Answers SQLite's code when the change does not happen.
unsafe fn ask(file: *mut sqlite3_file, change: &Change<'_>, no_power: c_int) -> Result<(), c_int> {
    let Some(path) = (unsafe { (*file.cast::<Shim>()).path.as_ref() }) else { return Ok(()) };
    match disk().change(path, change) {
        Verdict::Done => Ok(()),
        Verdict::NoPower => Err(no_power),
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        let shim: *mut Shim = file.cast();
        shim.write(Shim { methods: ptr::null(), path: ptr::null_mut() });
        let real: *mut sqlite3_file = shim.add(1).cast();
        (*real).pMethods = ptr::null();
        let system = system_of(vfs);
        let Some(system_open) = (*system).xOpen else { return ffi::SQLITE_CANTOPEN };
        let result = system_open(system, name, real, flags, out_flags);
        if result == ffi::SQLITE_OK {
            (*shim).methods = &raw const METHODS;
            if !name.is_null() {
                (*shim).path = Box::into_raw(Box::new(path_of(name)));
            }
        }
        result
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, durably: c_int) -> c_int {
    unsafe {
        let change = Change::Remove { durably: durably != 0 };
        if disk().change(&path_of(name), &change) == Verdict::NoPower {
            return ffi::SQLITE_IOERR_DELETE;
        }
        let system = system_of(vfs);
        (*system).xDelete.map_or(ffi::SQLITE_ERROR, |delete| delete(system, name, 0))
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    unsafe {
        let shim: *mut Shim = file.cast();
        let (real, methods) = real(file);
        let result = methods.xClose.map_or(ffi::SQLITE_ERROR, |close| close(real));
        if !(*shim).path.is_null() {
            drop(Box::from_raw((*shim).path));
        }
        shim.write(Shim { methods: ptr::null(), path: ptr::null_mut() });
        result
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    at: sqlite3_int64,
) -> c_int {
    unsafe {
        let slice = std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize);
        let change = Change::Write { at: at as u64, bytes: slice };
        if let Err(code) = ask(file, &change, ffi::SQLITE_IOERR_WRITE) {
            return code;
        }
        let (real, methods) = real(file);
        methods.xWrite.map_or(ffi::SQLITE_ERROR, |write| write(real, bytes, count, at))
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    unsafe {
        let change = Change::Truncate { size: size as u64 };
        if let Err(code) = ask(file, &change, ffi::SQLITE_IOERR_TRUNCATE) {
            return code;
        }
        let (real, methods) = real(file);
        methods.xTruncate.map_or(ffi::SQLITE_ERROR, |truncate| truncate(real, size))
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    unsafe { ask(file, &Change::Sync, ffi::SQLITE_IOERR_FSYNC) }.err().unwrap_or(ffi::SQLITE_OK)
}

/// Methods that are the system's.
macro_rules! handed_on {
    ($($own:ident => $method:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $own(file: *mut sqlite3_file, $($argument: $type),*) -> c_int {
            unsafe {
                let (real, methods) = real(file);
                methods.$method.map_or(ffi::SQLITE_ERROR, |method| method(real, $($argument),*))
            }
        }
    )*};
}

handed_on! {
    read => xRead(into: *mut c_void, count: c_int, at: sqlite3_int64);
    size => xFileSize(into: *mut sqlite3_int64);
    lock => xLock(level: c_int);
    unlock => xUnlock(level: c_int);
    is_reserved => xCheckReservedLock(into: *mut c_int);
    control => xFileControl(op: c_int, argument: *mut c_void);
    sector_size => xSectorSize();
    characteristics => xDeviceCharacteristics();
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, into: *mut *mut c_void);
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap => xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    unsafe {
        let (real, methods) = real(file);
        if let Some(barrier) = methods.xShmBarrier {
            barrier(real);
        }
    }
}
