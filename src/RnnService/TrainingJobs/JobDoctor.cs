using Rnn.Data;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>What may surprise in a job, as far as the summaries of its datasets tell: a sentence each, with its numbers and what to do. Pure.</summary>
internal static class JobDoctor
{
    private const int FewRows = 100;
    private const int FewBytes = 50_000;

    /// <summary>The warnings; those of the training dataset itself among them.</summary>
    public static IEnumerable<string> Warnings(TrainingSpec spec, StoredDataset training, StoredDataset? validation, StoredDataset? test) =>
    [
        .. OfSize(training), .. OfHoldout(training, validation), .. training.Summary.Warnings, .. OfScaling(spec, training), .. OfWindows(spec, training), .. OfFiles(training, validation, test),
        .. OfLengths("validation", training, validation), .. OfLengths("test", training, test),
    ];

    private static IEnumerable<string> OfSize(StoredDataset training)
    {
        var row = training.Row;
        if (row.Rows < FewRows && row.Task is not (LearningTask.LanguageModeling or LearningTask.SequenceLabeling))
            yield return $"The training dataset has only {row.Rows} rows; a few hundred {(training.Labels.Count > 0 ? "of each label " : "")}are needed to learn much.";
        if (row is { Task: LearningTask.LanguageModeling, Bytes: < FewBytes })
            yield return $"The training dataset has only {row.Bytes:N0} bytes of text; a model learns to write from some hundred thousand.";
    }

    private static IEnumerable<string> OfHoldout(StoredDataset training, StoredDataset? validation)
    {
        if (validation is null && training is { Row.Task: LearningTask.VectorClassification or LearningTask.SequenceClassification } && training.Labels.Values.All(rows => rows < 2))
            yield return $"Each of the {training.Labels.Count:N0} labels has one row, so nothing is held out and the validation metrics are of rows that were learnt: send more rows of each label. A label is one of a few classes; numbers are not predicted.";
    }

    private static IEnumerable<string> OfScaling(TrainingSpec spec, StoredDataset training)
    {
        if (spec.Features?.Scaling != Scaling.Standard || training.Summary.Outliers is not { } far) yield break;
        yield return $"{far.Features:N0} {(far.Features == 1 ? "feature has" : "features have")} values far out, '{Names.Shorten(far.Farthest)}' {far.Deviations:N0} median absolute deviations from its median: "
            + "set features.scaling to robust, since with standard these few values decide the scale of all others.";
    }

    /// <summary>Of a stream that is cut; the lengths are at most those its tokenizer will see.</summary>
    private static IEnumerable<string> OfWindows(TrainingSpec spec, StoredDataset training)
    {
        if (spec.Training.BpttSteps is not int window) yield break;
        var isChar = spec.Tokenizer?.Kind == TokenizerKind.Char && training.Summary.Characters is not null;
        var lengths = isChar ? training.Summary.Characters! : training.Summary.Lengths;
        if (lengths.P95 <= window) yield break;
        var (one, unit) = (training.Row.Format == DatasetFormat.Text ? "line" : "document", isChar ? "characters" : "words");
        yield return $"Half of the {one}s have at most {lengths.P50:N0} {unit}, 95 % at most {lengths.P95:N0}, the longest {lengths.Max:N0}, and gradients end after training.bptt_steps {window:N0}: "
            + $"raise it if what must be remembered lies farther back within a {one}.";
    }

    private static IEnumerable<string> OfFiles(StoredDataset training, StoredDataset? validation, StoredDataset? test)
    {
        if (validation?.Row.Sha256 == training.Row.Sha256)
            yield return "The validation dataset is the training dataset: validation metrics do not tell how well the model generalises; leave it out, and a part is held out.";
        if (test is not null && (test.Row.Sha256 == training.Row.Sha256 || test.Row.Sha256 == validation?.Row.Sha256))
            yield return "The test dataset is also used for training or validation: test metrics do not tell how well the model generalises; send rows of their own.";
    }

    private static IEnumerable<string> OfLengths(string split, StoredDataset training, StoredDataset? held)
    {
        // A stream has no lengths, and a vector's are of its caption.
        if (held is null || training.Row.Task == LearningTask.LanguageModeling || held.Summary.Input == InputKind.Vector) yield break;
        var (longer, usual) = (held.Summary.Lengths, training.Summary.Lengths);
        if (longer.P50 > usual.P95)
            yield return $"Half of the {split} inputs have {longer.P50:N0} steps or more, of the training inputs 95 % at most {usual.P95:N0}: train on sequences as long as those the model is measured on.";
    }
}
