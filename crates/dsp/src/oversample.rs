//! Oversampling for nonlinear processing.
