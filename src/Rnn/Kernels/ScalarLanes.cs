using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>One float: the scalar twin of every vector path, and the tail of every row.</summary>
internal readonly struct ScalarLanes : ILanes<float>
{
    public static int Count => 1;

    public static bool HasManyRegisters => false;

    public static bool BroadcastsFromMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(ref float source, nint offset) => Unsafe.Add(ref source, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, ref float target, nint offset) => Unsafe.Add(ref target, offset) = value;

    public static float Create(float value) => value;

    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float MultiplyAdd(float a, float b, float c) => float.MultiplyAddEstimate(a, b, c);

    public static float Min(float a, float b) => MathF.Min(a, b);

    public static float Max(float a, float b) => MathF.Max(a, b);

    public static float Sqrt(float a) => MathF.Sqrt(a);

    public static float Round(float a) => MathF.Round(a);

    public static float Scale(float a, float n) => a * BitConverter.Int32BitsToSingle(((int)n + 127) << 23);

    public static float IsPositive(float a) => a > 0f ? 1f : 0f;

    public static float LowerBf16(float pairs) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(pairs) << 16);

    public static float UpperBf16(float pairs) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(pairs) & 0xFFFF0000);
}
