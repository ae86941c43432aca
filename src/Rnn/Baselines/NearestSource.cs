using System.Numerics.Tensors;
using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>
/// Answers with the text of the training row whose source is nearest (Cover &amp; Hart 1967): by Euclidean distance for vectors, by the cosine of tf-idf weights
/// (Salton &amp; Buckley 1988) over n-grams for tokens. Of several as near the commonest text, of several as common the first.
/// </summary>
public sealed class NearestSource
{
    // Sums of many small terms in another order differ by about so much.
    private const float AsNear = 1e-5f;
    // Training rows, or numbers of their vectors: bound a search. More rows are thinned evenly.
    private const int MostRows = 50_000;
    private const long MostNumbers = 5_000_000;

    private readonly Sequence[] _sources;
    private readonly string[] _texts;
    private readonly TfIdfIndex? _index;

    private NearestSource(Sequence[] sources, string[] texts, TfIdfIndex? index) => (_sources, _texts, _index) = (sources, texts, index);

    /// <summary>Prepares the search among training rows.</summary>
    /// <param name="sources">Token sequences or vectors.</param>
    /// <param name="texts">Their texts.</param>
    /// <param name="orders">Longest n-gram that two token sequences are compared by.</param>
    public static NearestSource Fit(IReadOnlyList<Sequence> sources, IReadOnlyList<string> texts, int orders)
    {
        long most = sources[0].IsTokens ? MostRows : Math.Min(MostRows, MostNumbers / sources[0].Width);
        int stride = (int)((sources.Count + most - 1) / most);
        Sequence[] kept = [.. sources.Where((_, row) => row % stride == 0)];
        return new NearestSource(kept, [.. texts.Where((_, row) => row % stride == 0)], kept[0].IsTokens ? new TfIdfIndex(kept, orders) : null);
    }

    /// <summary>The nearest row's text.</summary>
    public string Answer(Sequence source)
    {
        float[] nearness = _index?.Cosines(source) ?? [.. _sources.Select(other => -TensorPrimitives.Distance(other.Frames.Span, source.Frames.Span))];
        float largest = TensorPrimitives.Max<float>(nearness);
        return _texts.Where((_, row) => nearness[row] >= largest - AsNear).CountBy(text => text).MaxBy(pair => pair.Value).Key;
    }
}
