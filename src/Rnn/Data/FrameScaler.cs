using System.Numerics.Tensors;
using System.Text.Json;

namespace Rnn.Data;

/// <summary>How numeric features are brought to a common scale.</summary>
public enum Scaling
{
    /// <summary>As delivered.</summary>
    None,

    /// <summary>Mean 0, standard deviation 1.</summary>
    Standard,

    /// <summary><c>asinh((x - median) / MAD)</c>, then standard: far outliers keep their order but lose their weight.</summary>
    Robust,
}

/// <summary>Scales each feature with figures learnt from the training set; they travel inside the model.</summary>
public sealed class FrameScaler
{
    private static readonly JsonSerializerOptions Strict = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly Saved _figures;

    private FrameScaler(Saved figures) => _figures = figures;

    /// <summary>Features per step.</summary>
    public int FeatureSize => _figures.Mean.Length;

    /// <summary>Learns the figures from all steps of all sequences.</summary>
    public static FrameScaler Fit(IReadOnlyList<Sequence> sequences, Scaling kind)
    {
        int features = sequences[0].Width;
        var figures = new Saved(kind, new float[features], Ones(features), new float[features], Ones(features));
        for (int feature = 0; feature < features && kind != Scaling.None; feature++)
        {
            float[] column = [.. sequences.SelectMany(sequence => Column(sequence, feature))];
            if (kind == Scaling.Robust)
            {
                float median = figures.Median[feature] = Median(column);
                float deviation = figures.Deviation[feature] = NonZero(Median([.. column.Select(value => Math.Abs(value - median))]), median);
                foreach (ref float value in column.AsSpan()) value = Robust(value, median, deviation);
            }

            double mean = column.Average(value => (double)value);
            figures.Mean[feature] = (float)mean;
            figures.Scale[feature] = NonZero((float)Math.Sqrt(column.Average(value => (value - mean) * (value - mean))), (float)mean);
        }

        return new FrameScaler(figures);
    }

    /// <summary>The scaled copy of a sequence.</summary>
    public Sequence Apply(Sequence sequence)
    {
        if (sequence.Width != FeatureSize) throw new ArgumentException($"Frames have {sequence.Width} features, expected {FeatureSize}.", nameof(sequence));
        if (_figures.Kind == Scaling.None) return sequence;
        float[] values = new float[sequence.Frames.Length];
        Apply(sequence.Frames.Span, values);
        return Sequence.OfFrames(values, FeatureSize);
    }

    /// <summary>Scales whole frames <c>[steps, features]</c> into <paramref name="scaled"/>, which may be the very same memory but not overlap otherwise.</summary>
    public void Apply(ReadOnlySpan<float> frames, Span<float> scaled)
    {
        for (int first = 0; first < frames.Length; first += FeatureSize)
        {
            ReadOnlySpan<float> frame = frames.Slice(first, FeatureSize);
            Span<float> to = scaled.Slice(first, FeatureSize);
            if (_figures.Kind == Scaling.Robust)
            {
                for (int i = 0; i < to.Length; i++) to[i] = Robust(frame[i], _figures.Median[i], _figures.Deviation[i]);
                frame = to;
            }

            TensorPrimitives.Subtract(frame, _figures.Mean, to);
            TensorPrimitives.Divide(to, _figures.Scale, to);
        }
    }

    /// <summary>Everything needed to make the same scaler again.</summary>
    public string ToJson() => JsonSerializer.Serialize(_figures);

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidDataException">It is not a scaler.</exception>
    public static FrameScaler FromJson(string json)
    {
        try
        {
            return new FrameScaler(JsonSerializer.Deserialize<Saved>(json, Strict) ?? throw new JsonException("null"));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Not a frame scaler: {e.Message}", e);
        }
    }

    private static IEnumerable<float> Column(Sequence sequence, int feature)
    {
        for (int i = feature; i < sequence.Frames.Length; i += sequence.Width) yield return sequence.Frames.Span[i];
    }

    private static float Median(float[] values)
    {
        float[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted[sorted.Length / 2];
    }

    private static float[] Ones(int count)
    {
        float[] ones = new float[count];
        Array.Fill(ones, 1);
        return ones;
    }

    // In double precision: a float may be farther from the median than floats reach.
    private static float Robust(float value, float median, float deviation) => (float)Math.Asinh(((double)value - median) / deviation);

    /// <summary>A constant feature, whatever rounding makes of it, stays constant instead of becoming infinite.</summary>
    private static float NonZero(float scale, float centre) => scale > 1e-9f * Math.Abs(centre) ? Math.Min(scale, float.MaxValue) : 1;

    private sealed record Saved(Scaling Kind, float[] Median, float[] Deviation, float[] Mean, float[] Scale);
}
