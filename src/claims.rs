//! Claims: the guarantees that a backend documents, each with the documented sentence.
