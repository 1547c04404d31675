//! Fast Fourier transform with the same bits on every machine.
