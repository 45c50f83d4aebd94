//! Structs that may grow: options that come in and infos that go out, each starting with its own size.

use std::mem::{MaybeUninit, size_of};
use std::ptr;

use crate::error::{Error, Result};

/// A larger size is taken for memory that was never initialised: no struct of this library comes near it.
const MAX_SIZE: usize = 4096;

/// A struct whose first field is `uint32_t struct_size`.
///
/// # Safety
/// The type is `repr(C)`, starts with that field, has no padding, and is valid with any bytes in it.
pub(super) unsafe trait Versioned: Copy {
    /// Its size in the release that brought it. Never changes.
    const FIRST_SIZE: usize;

    /// The field of that name, in options that have one: it must be zero, as fields that a later release adds must be.
    fn reserved(&self) -> u32 {
        0
    }
}

/// Checks the size that the caller wrote, and that what lies beyond the known fields is zero: a field that this release does not know
/// must not be ignored silently.
///
/// # Safety
/// `pointer` points to a struct of the size that its first field says.
unsafe fn size<T: Versioned>(name: &str, pointer: *const T) -> Result<usize> {
    // SAFETY: every versioned struct starts with its size; it may be unaligned.
    let said = unsafe { pointer.cast::<u32>().read_unaligned() };
    let said = usize::try_from(said).unwrap_or(usize::MAX);
    if !(T::FIRST_SIZE..=MAX_SIZE).contains(&said) {
        return Err(Error::invalid(
            name,
            format_args!("struct_size is {said}; set it to sizeof the struct, which is {}", size_of::<T>()),
        ));
    }
    for offset in size_of::<T>()..said {
        // SAFETY: within the size that the caller said.
        if unsafe { pointer.cast::<u8>().add(offset).read() } != 0 {
            return Err(Error::invalid(
                name,
                format_args!(
                    "byte {offset} is set, but this release knows {} bytes; upgrade, or leave the new fields zero",
                    size_of::<T>()
                ),
            ));
        }
    }
    Ok(said)
}

/// The caller's options; all defaults for NULL.
///
/// # Safety
/// `pointer` is NULL or points to a struct of the size that its first field says.
pub(super) unsafe fn options<T: Versioned>(name: &str, pointer: *const T) -> Result<T> {
    let mut options = MaybeUninit::<T>::zeroed();
    if !pointer.is_null() {
        // SAFETY: not NULL; the rest is the caller's contract.
        let known = unsafe { size(name, pointer) }?.min(size_of::<T>());
        // SAFETY: both sides have `known` bytes, and the local one is not the caller's.
        unsafe { ptr::copy_nonoverlapping(pointer.cast::<u8>(), options.as_mut_ptr().cast::<u8>(), known) };
    }
    // SAFETY: zeroed, then overwritten by any bytes; both are valid for a `Versioned`.
    let options = unsafe { options.assume_init() };
    if options.reserved() != 0 {
        return Err(Error::invalid(name, format_args!("reserved is {}; leave it 0", options.reserved())));
    }
    Ok(options)
}

/// A place for an info struct, checked before anything is done.
pub(super) struct InfoPlace<T> {
    pointer: *mut T,
    size: usize,
}

/// The caller's place for an info; one that takes nothing for NULL.
///
/// # Safety
/// `pointer` is NULL or points to a struct of the size that its first field says, which may be written until the call ends.
pub(super) unsafe fn info<T: Versioned>(name: &str, pointer: *mut T) -> Result<InfoPlace<T>> {
    // SAFETY: not NULL where it is read; the rest is the caller's contract.
    let size = if pointer.is_null() { 0 } else { unsafe { size(name, pointer) }? };
    Ok(InfoPlace { pointer, size: size.min(size_of::<T>()) })
}

impl<T: Versioned> InfoPlace<T> {
    /// Whether the caller has a place.
    pub(super) const fn is_wanted(&self) -> bool {
        self.size > 0
    }

    /// The same with what is made for it, where there is a place.
    pub(super) fn fill_with(&self, make: impl FnOnce() -> T) {
        if self.is_wanted() {
            self.fill(&make());
        }
    }

    /// Fills what the caller has room for, and leaves `struct_size` as it was.
    pub(super) fn fill(&self, value: &T) {
        let skip = size_of::<u32>();
        if self.size > skip {
            // SAFETY: `info` was told that `size` bytes may be written until the call ends, and `value` has at least as many.
            unsafe {
                ptr::copy_nonoverlapping(
                    ptr::from_ref(value).cast::<u8>().add(skip),
                    self.pointer.cast::<u8>().add(skip),
                    self.size - skip,
                )
            };
        }
    }
}
