"""The LibTorch that Mirra computes with, under private names: it does not meet any PyTorch in the same process."""
