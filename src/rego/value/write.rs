//! Writing JSON. (Being written.)
