using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>Counts rows that came before, in the memory of a hash a row up to a bound.</summary>
internal sealed class RepeatedRows(RowShape shape)
{
    // Beyond this the hashes would cost more memory than the warning is worth.
    private const int MaximumHashes = 1_000_000;

    private readonly Dictionary<ulong, ulong> _seen = [];

    /// <summary>Rows whose input came before; where a text is to be emitted, rows that came before as they are.</summary>
    public long Repeats { get; private set; }

    /// <summary>Repeated inputs with another output than the first time.</summary>
    public long Contradictions { get; private set; }

    /// <summary>Whether all rows could be remembered; else there may be more repeats.</summary>
    public bool IsComplete => _seen.Count < MaximumHashes;

    /// <summary>Takes a row.</summary>
    public void Add(DatasetExample example)
    {
        // An input has one right label but many right translations: only the same pair again is a repetition there.
        var key = shape.IsLabelled ? ExampleHash.OfInput(example) : ExampleHash.OfRow(example);
        var output = ExampleHash.OfOutput(example);
        if (_seen.TryGetValue(key, out var before))
        {
            Repeats++;
            Contradictions += before == output ? 0 : 1;
        }
        else if (IsComplete)
        {
            _seen.Add(key, output);
        }
    }
}
