//! Reading JSON. (Being written.)
