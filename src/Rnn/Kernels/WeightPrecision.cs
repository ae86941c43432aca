namespace Rnn.Kernels;

/// <summary>How a matrix that is multiplied many times is stored; sums are fp32 either way.</summary>
public enum WeightPrecision
{
    /// <summary>As it is.</summary>
    Fp32,

    /// <summary>Rounded to the upper 16 bits of fp32 (bfloat16): half the memory to read, 8 significant bits. For answering only.</summary>
    Bf16,
}
