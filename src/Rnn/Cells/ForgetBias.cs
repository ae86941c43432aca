using System.Text.Json;
using System.Text.Json.Serialization;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>
/// How open the gate that keeps the state is at the start: a number, the same for every unit (Jozefowicz et al. 2015: 1), or chrono, a memory of another length
/// for every unit: <c>log(u), u ~ U(1, T - 1)</c> (Tallec &amp; Ollivier 2018). A number is the LSTM's only; chrono sets its forget gate and, negated, its input gate,
/// and the GRU's update gate, which keeps in PyTorch's convention. In JSON a number or <c>{"chrono": T}</c>.
/// </summary>
[JsonConverter(typeof(Json))]
public readonly record struct ForgetBias
{
    private readonly float _value;

    private ForgetBias(float value, int longestLag)
    {
        _value = value;
        LongestLag = longestLag;
    }

    /// <summary>Chrono's T, the steps over which something must be remembered; 0 for a number.</summary>
    public int LongestLag { get; }

    /// <summary>Whether every unit draws its own.</summary>
    public bool IsChrono => LongestLag > 0;

    /// <summary>One number for every unit.</summary>
    public static implicit operator ForgetBias(float value) => new(value, 0);

    /// <summary>A number for every unit from <c>log U(1, <paramref name="longestLag"/> - 1)</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 3 steps: nothing to draw from.</exception>
    public static ForgetBias Chrono(int longestLag)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(longestLag, 3);
        return new ForgetBias(0, longestLag);
    }

    /// <summary>The bias of one unit; a number draws nothing.</summary>
    internal float Draw(ref RandomSource random) => IsChrono ? (float)Math.Log(1 + (random.NextDouble() * (LongestLag - 2))) : _value;

    private sealed class Json : JsonConverter<ForgetBias>
    {
        private const string ChronoKey = "chrono";

        public override ForgetBias Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var element = JsonElement.ParseValue(ref reader);
            if (element.ValueKind == JsonValueKind.Number) return element.GetSingle();
            if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(ChronoKey, out JsonElement lag) && lag.ValueKind == JsonValueKind.Number && lag.TryGetInt32(out int steps) && steps >= 3)
                return Chrono(steps);
            throw new JsonException($$"""A forget bias is a number or {"{{ChronoKey}}": steps} with at least 3 steps, not {{element.GetRawText()}}.""");
        }

        public override void Write(Utf8JsonWriter writer, ForgetBias value, JsonSerializerOptions options)
        {
            if (!value.IsChrono)
            {
                writer.WriteNumberValue(value._value);
                return;
            }

            writer.WriteStartObject();
            writer.WriteNumber(ChronoKey, value.LongestLag);
            writer.WriteEndObject();
        }
    }
}
