namespace RnnService.Storage.Examples;

/// <summary>What a row of a dataset is made of, by task: exactly one of its inputs and, unless the input is all there is, its output.</summary>
internal sealed record RowShape
{
    private static readonly DatasetFormat[] Tables = [DatasetFormat.Csv, DatasetFormat.Tsv, DatasetFormat.Jsonl];

    private static readonly Dictionary<LearningTask, RowShape> Shapes = new()
    {
        [LearningTask.VectorClassification] = new() { Inputs = ["features"], Output = "label", Formats = Tables, Sample = """{"features":[5.1,3.5],"label":"x"}""" },
        [LearningTask.Captioning] = new() { Inputs = ["features"], Output = "text", Formats = Tables, Sample = """{"features":[0,1,0],"text":"a text"}""" },
        [LearningTask.SequenceClassification] = new() { Inputs = ["text", "tokens", "frames"], Output = "label", Formats = Tables, Sample = """{"text":"a text","label":"x"}""" },
        [LearningTask.SequenceLabeling] = new() { Inputs = ["tokens", "frames"], Output = "labels", Formats = [DatasetFormat.Jsonl], Sample = """{"tokens":["a","b"],"labels":["x","y"]}""" },
        [LearningTask.Translation] = new() { Inputs = ["source"], Output = "target", Formats = Tables, Sample = """{"source":"ein Text","target":"a text"}""" },
        [LearningTask.LanguageModeling] = new() { Inputs = ["text"], Formats = [.. Tables, DatasetFormat.Text], Sample = """{"text":"a text"}""" },
    };

    /// <summary>Properties of a JSON Lines row that hold the input.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The property that holds what is to be learnt; null when that is the input itself.</summary>
    public string? Output { get; init; }

    /// <summary>How a file of such rows can be written.</summary>
    public required IReadOnlyList<DatasetFormat> Formats { get; init; }

    /// <summary>A row of JSON Lines, for messages.</summary>
    public required string Sample { get; init; }

    /// <summary>All properties of a row.</summary>
    public IReadOnlyList<string> Properties => [.. Inputs, .. Output is null ? Array.Empty<string>() : [Output]];

    /// <summary>Whether every column of CSV that is not one of <see cref="Columns"/> holds a feature.</summary>
    public bool HasFeatureColumns => Inputs[0] == "features";

    /// <summary>The columns CSV must have; where several inputs are possible, CSV has the first.</summary>
    public IReadOnlyList<string> Columns => [.. HasFeatureColumns ? Array.Empty<string>() : [Inputs[0]], .. Output is null ? Array.Empty<string>() : [Output]];

    /// <summary>Whether the output is one or more of a few labels.</summary>
    public bool IsLabelled => Output is "label" or "labels";

    /// <summary>What has a label: a row or a step.</summary>
    public string LabelledUnit => Output == "labels" ? "step" : "row";

    /// <summary>A header line of CSV, for messages.</summary>
    public string SampleHeader => string.Join(',', HasFeatureColumns ? ["width", "height", .. Columns] : Columns);

    /// <summary>The shape of a task's rows.</summary>
    public static RowShape Of(LearningTask task) => Shapes[task];

    /// <summary>The names of <see cref="Formats"/>: <c>csv, tsv, jsonl</c>.</summary>
    public string FormatNames => string.Join(", ", Formats.Select(SnakeCaseEnum<DatasetFormat>.Write));
}
