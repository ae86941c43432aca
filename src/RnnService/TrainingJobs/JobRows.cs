using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>The rows of a dataset that a job reads.</summary>
/// <param name="Rows">In the order of the file; of a plain text file one row that holds all of it.</param>
/// <param name="IsOneText">Whether the one row is a text without beginning and end.</param>
internal sealed record JobRows(IReadOnlyList<DatasetExample> Rows, bool IsOneText)
{
    /// <summary>The stored rows.</summary>
    public static JobRows Read(DatasetReader datasets, DatasetRow dataset) => dataset.Task == LearningTask.LanguageModeling
        ? new([.. datasets.ReadTexts(dataset, CancellationToken.None).Select(text => new DatasetExample { Text = text })], dataset.Format == DatasetFormat.Text)
        : new([.. datasets.Read(dataset, CancellationToken.None)], false);
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
        if (all.IsOneText)
        {
            var text = all.Rows[0].Text!;
            var cut = Math.Clamp((int)(text.Length * (1 - fraction)), 1, text.Length - 1);
            // Never between the halves of a surrogate pair.
            if (char.IsLowSurrogate(text[cut])) cut++;
            return (new([new DatasetExample { Text = text[..cut] }], true), new([new DatasetExample { Text = text[cut..] }], true));
        }

        var classes = all.Rows.Select(row => row.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var split = Holdout.Split([.. all.Rows.Select(row => classes.BinarySearch(row.Label, StringComparer.Ordinal))], classes.Count, fraction, (ulong)settings.Seed);
        return (new([.. split.Training.Select(row => all.Rows[row])], false), new([.. split.Validation.Select(row => all.Rows[row])], false));
    }
}
