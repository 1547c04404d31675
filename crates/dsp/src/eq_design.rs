//! Filter designs that keep the analogue response up to Nyquist.
