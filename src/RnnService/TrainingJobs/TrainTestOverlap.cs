using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>Finds rows to measure on that a model has learnt from: reads the files once, row by row, and keeps a hash of each.</summary>
internal sealed class TrainTestOverlap(DatasetReader datasets)
{
    // Beyond this the hashes would cost more memory than the warning is worth.
    private const int MaximumHashes = 1_000_000;
    private const double Worth = 0.01;
    // Short lines and refrains come again by themselves; a copied part is nearly all of it.
    private const int FewestCharactersOfALine = 40;
    private const double WorthOfLines = 0.25;

    /// <summary>A warning for each other file of which at least one row in a hundred, or one long line in four, is also in the training file.</summary>
    public async Task<IReadOnlyList<string>> WarningsAsync(DatasetRow training, DatasetRow? validation, DatasetRow? test, CancellationToken cancellationToken)
    {
        (string Split, DatasetRow? Row)[] given = [("validation", validation), ("test", test)];
        // The same file is told of as such.
        var held = given.Where(other => other.Row is not null && other.Row.Sha256 != training.Sha256).Select(other => (other.Split, Row: other.Row!)).ToList();
        if (held.Count == 0) return [];
        var learnt = new HashSet<ulong>();
        await foreach (var row in datasets.ReadAsync(training, cancellationToken))
        {
            if (Key(training, row) is { } key) learnt.Add(key);
            if (learnt.Count == MaximumHashes) break;
        }

        List<string> warnings = [];
        foreach (var (split, other) in held)
        {
            var (common, rows) = (0L, 0L);
            await foreach (var row in datasets.ReadAsync(other, cancellationToken))
            {
                if (Key(other, row) is not { } key) continue;
                rows++;
                common += learnt.Contains(key) ? 1 : 0;
            }

            if (common > 0 && common >= (training.Format == DatasetFormat.Text ? WorthOfLines : Worth) * rows) warnings.Add(Warning(training, split, common, rows));
        }

        return warnings;
    }

    private static string Warning(DatasetRow training, string split, long common, long rows) =>
        $"{common:N0} of {rows:N0} {split} {(training.Format == DatasetFormat.Text ? $"lines of {FewestCharactersOfALine} characters or more" : "rows")} ({100.0 * common / rows:0.#} %) "
        + $"{(common == 1 ? "is" : "are")} also in the training dataset{(training.Task is LearningTask.Captioning or LearningTask.LanguageModeling ? "" : " by their input")}: "
        + $"take them out of one of the two, since {split} metrics count what was learnt by heart.";

    /// <summary>What makes a row the same; null for what is too common to tell. A caption's few inputs are in every split, only the pair is the same row.</summary>
    private static ulong? Key(DatasetRow dataset, DatasetExample row) => dataset switch
    {
        { Task: LearningTask.Captioning } => ExampleHash.OfRow(row),
        { Format: DatasetFormat.Text } => row.Text!.Length >= FewestCharactersOfALine ? ExampleHash.OfInput(row) : null,
        _ => ExampleHash.OfInput(row),
    };
}
