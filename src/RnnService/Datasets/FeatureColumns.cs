using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>
/// What the numbers of each feature are like: smallest and largest exactly, median and median absolute deviation (MAD) of an evenly spaced
/// sample of the frames, so that the memory does not grow with the file.
/// </summary>
internal sealed class FeatureColumns
{
    private const int MostSampledValues = 1 << 20;
    private const int MostSampledFrames = 4096;
    private const int FewestSampledFrames = 128;
    // In fewer frames a feature may look constant, or a value far out, by chance.
    private const int FewestFrames = 20;
    private const double FarOut = 100;

    private readonly List<float[]> _sample = [];
    private float[] _least = [];
    private float[] _most = [];
    private long _frames;
    private long _stride = 1;

    /// <summary>Names of the features, where the file has a header.</summary>
    public IReadOnlyList<string>? Names { get; private set; }

    /// <summary>Takes a row; one without numbers adds nothing.</summary>
    public void Add(DatasetExample example)
    {
        Names = example.FeatureNames;
        if (example.Features is { } features)
            Add(features);
        foreach (var frame in example.Frames ?? [])
            Add(frame);
    }

    /// <summary>Features that have one value in all frames.</summary>
    public IReadOnlyList<string> Constant() =>
        _frames < FewestFrames ? [] : [.. Enumerable.Range(0, _least.Length).Where(feature => _least[feature] == _most[feature]).Select(Name)];

    /// <summary>Features with a value more than 100 MAD from the median; one whose MAD is 0 has no scale to measure by.</summary>
    public FeatureOutliers? Outliers()
    {
        if (_frames < FewestFrames)
            return null;
        var distances = Enumerable.Range(0, _least.Length).Select(feature => (Feature: feature, Deviations: Distance(feature))).Where(far => far.Deviations > FarOut).ToList();
        if (distances.Count == 0)
            return null;
        var farthest = distances.MaxBy(far => far.Deviations);
        return new FeatureOutliers(distances.Count, Name(farthest.Feature), Math.Round(farthest.Deviations));
    }

    private void Add(float[] frame)
    {
        if (_frames == 0)
            (_least, _most) = ([.. frame], [.. frame]);
        for (var feature = 0; feature < frame.Length; feature++)
        {
            _least[feature] = Math.Min(_least[feature], frame[feature]);
            _most[feature] = Math.Max(_most[feature], frame[feature]);
        }
        if (_frames++ % _stride != 0)
            return;
        _sample.Add(frame);
        if (_sample.Count < Math.Clamp(MostSampledValues / frame.Length, FewestSampledFrames, MostSampledFrames))
            return;
        // Every other one goes, and half as many come from now on.
        for (var i = 0; 2 * i < _sample.Count; i++)
            _sample[i] = _sample[2 * i];
        _sample.RemoveRange((_sample.Count + 1) / 2, _sample.Count / 2);
        _stride *= 2;
    }

    private double Distance(int feature)
    {
        float[] column = [.. _sample.Select(frame => frame[feature])];
        double median = Median(column);
        double deviation = Median([.. column.Select(value => (float)Math.Abs(value - median))]);
        return deviation == 0 ? 0 : Math.Max(_most[feature] - median, median - _least[feature]) / deviation;
    }

    private string Name(int feature) => Names?[feature] ?? $"number {feature + 1}";

    private static float Median(float[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
