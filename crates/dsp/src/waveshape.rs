//! Memoryless curves and their antiderivatives.
