//! Band splitting that sums back to the input.
