//! Speed of kernels and processors; see `benches/peers.sh` for whole commands beside other programs.
