//! Nothing is broken: the recipe as it is. What canaries are made of must be acquitted, or they would be convicted
//! of more than what they break.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {}
