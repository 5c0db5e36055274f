//! Has libFuzzer's archive built, and nothing else.
