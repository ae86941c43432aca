namespace Rnn.Kernels;

/// <summary>
/// The few vector operations the kernels need, so that one source serves AVX-512, AVX2, Arm and plain scalars.
/// The JIT compiles a kernel once per implementation; <see cref="ScalarLanes"/> also finishes the tail of a row.
/// </summary>
internal interface ILanes<TVector>
    where TVector : struct
{
    /// <summary>Floats in one vector.</summary>
    static abstract int Count { get; }

    /// <summary>Whether 16 accumulators fit in registers (32 registers: AVX-512, Arm) or only 8 (AVX2).</summary>
    static abstract bool HasManyRegisters { get; }

    /// <summary>Whether a multiply-add reads one float from memory for all lanes by itself (AVX-512).</summary>
    static abstract bool BroadcastsFromMemory { get; }

    static abstract TVector Load(ref float source, nint offset);

    static abstract void Store(TVector value, ref float target, nint offset);

    static abstract TVector Create(float value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary><c>a * b + c</c>, fused where the machine can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>NaN passes through, so that a diverged value is seen and not hidden.</summary>
    static abstract TVector Min(TVector a, TVector b);

    /// <inheritdoc cref="Min"/>
    static abstract TVector Max(TVector a, TVector b);

    static abstract TVector Sqrt(TVector a);

    /// <summary>To the nearest integer, ties to even.</summary>
    static abstract TVector Round(TVector a);

    /// <summary><c>a · 2^n</c> for integral n in [-126, 127].</summary>
    static abstract TVector Scale(TVector a, TVector n);

    /// <summary>1 where <c>a &gt; 0</c>, else 0.</summary>
    static abstract TVector IsPositive(TVector a);

    /// <summary>Of pairs of bfloat16 values (<see cref="Bf16Panels"/>) those in the lower halves, as floats.</summary>
    static abstract TVector LowerBf16(TVector pairs);

    /// <summary>Those in the upper halves.</summary>
    static abstract TVector UpperBf16(TVector pairs);
}
