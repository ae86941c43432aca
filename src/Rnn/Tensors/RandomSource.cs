namespace Rnn.Tensors;

/// <summary>
/// SplitMix64 (Steele, Lea &amp; Flood 2014), used in two ways: as a sequence for initialisation and shuffling,
/// and as a counter-based generator (<see cref="Key"/>, <see cref="At"/>) whose draws depend only on where they are used,
/// so that neither threads nor a resumed run can change them.
/// </summary>
public struct RandomSource(ulong seed)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private ulong _state = seed;

    /// <summary>A key for the draws of one place: for example (seed, step, layer, row).</summary>
    public static ulong Key(ulong seed, ulong first, ulong second = 0, ulong third = 0) =>
        Mix(Mix(Mix(Mix(seed + Golden) + first + Golden) + second + Golden) + third + Golden);

    /// <summary>Draw number <paramref name="counter"/> of a key: 64 random bits.</summary>
    public static ulong At(ulong key, ulong counter) => Mix(key + ((counter + 1) * Golden));

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        _state += Golden;
        return Mix(_state);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound).</summary>
    public int NextInt(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>Standard normal (Box &amp; Muller 1958).</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>A random permutation in place (Fisher &amp; Yates).</summary>
    public void Shuffle(Span<int> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
