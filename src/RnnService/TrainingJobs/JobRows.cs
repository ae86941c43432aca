using System.Text;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>The rows of a dataset that a job reads.</summary>
/// <param name="Rows">In the order of the file; of a plain text file the parts that are its text when joined.</param>
/// <param name="IsOneText">Whether the rows are parts of a text without beginning and end.</param>
internal sealed record JobRows(IReadOnlyList<DatasetExample> Rows, bool IsOneText)
{
    // Small enough for the youngest generation: no copy of the text is ever made whole.
    private const int PartCharacters = 1 << 11;

    /// <summary>The texts of the rows.</summary>
    public IEnumerable<string> Texts => Rows.Select(row => row.Text ?? "");

    /// <summary>The stored rows.</summary>
    public static JobRows Read(DatasetReader datasets, DatasetRow dataset)
    {
        var rows = datasets.Read(dataset, CancellationToken.None);
        return dataset is { Task: LearningTask.LanguageModeling, Format: DatasetFormat.Text } ? new([.. Parts(rows)], true) : new([.. rows], false);
    }

    /// <summary>At least one.</summary>
    private static IEnumerable<DatasetExample> Parts(IEnumerable<DatasetExample> lines)
    {
        var part = new StringBuilder();
        foreach (var line in lines)
        {
            part.Append(line.Text);
            if (part.Length < PartCharacters) continue;
            yield return new DatasetExample { Text = part.ToString() };
            part.Clear();
        }

        yield return new DatasetExample { Text = part.ToString() };
    }
}

/// <summary>The rows of a job as they are stored, parted.</summary>
/// <param name="Train">To learn from.</param>
/// <param name="Validation">The validation dataset, or what was held out of the training dataset.</param>
/// <param name="Test">The test dataset, if any.</param>
/// <param name="All">Of the training dataset, those held out included.</param>
internal sealed record SplitRows(JobRows Train, JobRows Validation, JobRows? Test, JobRows All)
{
    /// <summary>Holds a part of the training rows out, if there is no validation dataset.</summary>
    /// <param name="training">Rows of the training dataset.</param>
    /// <param name="validation">Rows of the validation dataset, if any.</param>
    /// <param name="test">Rows of the test dataset, if any.</param>
    /// <param name="settings">The resolved settings of the learning.</param>
    public static SplitRows Of(JobRows training, JobRows? validation, JobRows? test, TrainingSettings settings)
    {
        var (train, held) = validation is null ? HoldOut(training, settings) : (training, validation);
        return new(train, held, test, training);
    }

    /// <summary>A part of the training rows, of every class; of one text its end.</summary>
    private static (JobRows Train, JobRows Held) HoldOut(JobRows all, TrainingSettings settings)
    {
        var fraction = settings.ValidationFraction!.Value;
        if (all.IsOneText) return HoldOutEnd([.. all.Texts], fraction);
        var classes = all.Rows.Select(row => row.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var split = Holdout.Split([.. all.Rows.Select(row => classes.BinarySearch(row.Label, StringComparer.Ordinal))], classes.Count, fraction, (ulong)settings.Seed);
        return (new([.. split.Training.Select(row => all.Rows[row])], false), new([.. split.Validation.Select(row => all.Rows[row])], false));
    }

    private static (JobRows Train, JobRows Held) HoldOutEnd(string[] parts, double fraction)
    {
        var length = parts.Sum(part => part.Length);
        var cut = Math.Clamp((int)(length * (1 - fraction)), 1, length - 1);
        var at = 0;
        for (; cut >= parts[at].Length; at++) cut -= parts[at].Length;
        var (parted, next) = (parts[at], Math.Min(at + 2, parts.Length));
        // Never between the halves of a surrogate pair.
        if (char.IsLowSurrogate(parted[cut])) cut++;
        JobRows rows(IEnumerable<string> texts) => new([.. texts.Where(text => text.Length > 0).Select(text => new DatasetExample { Text = text })], true);
        // The rest of the part that is cut goes before the next: samples show how the first one begins.
        return (rows([.. parts[..at], parted[..cut]]), rows([string.Concat([parted[cut..], .. parts[(at + 1)..next]]), .. parts[next..]]));
    }
}
