using System.Text.Json;

namespace Rnn.Tests.Golden;

/// <summary>One array of a golden file: float32 values (exact in double) or int64 values, row-major.</summary>
internal sealed record GoldenTensor(int[] Shape, double[] Values, long[] Integers)
{
    public bool IsInteger => Integers.Length > 0;

    public float[] Floats => [.. Values.Select(v => (float)v)];

    public int[] Ints => [.. Integers.Select(v => (int)v)];

    public static GoldenTensor Parse(JsonElement json)
    {
        var data = json.GetProperty("data").EnumerateArray();
        var shape = json.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()).ToArray();
        return json.GetProperty("dtype").GetString() == "int64"
            ? new GoldenTensor(shape, [], [.. data.Select(d => d.GetInt64())])
            // Nine digits name one float32; parsing straight to double would name another number.
            : new GoldenTensor(shape, [.. data.Select(d => (double)d.GetSingle())], []);
    }
}
