using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>The numbers an untouched job trains with, all in one place: what holds for every task, and below it what a task has of its own. Each is a function of the data's facts only.</summary>
internal sealed record SpecDefaults
{
    public const double WeightDecay = 0;
    public const double ValidationFraction = 0.1;
    public const long Seed = 1;
    public const int StepSize = 1_000;
    public const double Decay = 0.5;
    public const double Momentum = 0.9;

    // The network.
    public CellKind Cell { get; init; } = CellKind.Lstm;
    public required int HiddenSize { get; init; }
    public int Layers { get; init; } = 1;
    public bool Bidirectional { get; init; }
    public int EmbeddingSize { get; init; } = 128;
    public PoolingKind Pooling { get; init; } = PoolingKind.Max;
    public AttentionKind Attention { get; init; } = AttentionKind.Additive;
    public Feedback Feedback { get; init; } = Feedback.Outputs;
    public bool TieWeights { get; init; }
    public double Dropout { get; init; }
    public double EmbeddingDropout { get; init; }
    public RecurrentInit Recurrent { get; init; } = RecurrentInit.Orthogonal;
    public double ForgetBias { get; init; } = 1;

    // The way in and out.
    public TokenizerKind Tokenizer { get; init; } = TokenizerKind.Word;
    public int VocabularySize { get; init; } = 30_000;
    public int MinFrequency { get; init; } = 1;
    public bool Lowercase { get; init; }
    public Scaling Scaling { get; init; } = Scaling.Standard;

    // The learning.
    public required int Epochs { get; init; }
    public int BatchSize { get; init; } = 32;
    public int BpttSteps { get; init; } = 64;
    public required double LearningRate { get; init; }
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;
    public int WarmupSteps { get; init; } = 50;
    public double ClipNorm { get; init; } = 1;
    public double LabelSmoothing { get; init; }
    public double UnknownRate { get; init; }
    public int EarlyStoppingPatience { get; init; }

    /// <summary>Two shards keep two cores busy; more rows than 32 make the products no faster, and fewer than 4 slow.</summary>
    public static int ShardRows(int batchSize) => Math.Clamp(batchSize / 2, 4, 32);

    /// <summary>Words of a text that is emitted know no n-grams; characters that are read see the two before them too.</summary>
    public static int TokenNgrams(TokenizerKind kind, DatasetFacts data) => kind == TokenizerKind.Char && data.Task == LearningTask.SequenceClassification ? 3 : 1;

    /// <summary>Words that are read know their beginnings and endings; where words are labelled one by one, all of their spelling.</summary>
    public static SubwordFeatures SubwordFeatures(TokenizerKind kind, DatasetFacts data) =>
        kind != TokenizerKind.Word || data.Task == LearningTask.LanguageModeling || data.IsNumeric ? Rnn.Data.SubwordFeatures.None
        : data.Task == LearningTask.SequenceLabeling ? Rnn.Data.SubwordFeatures.Char : Rnn.Data.SubwordFeatures.Affix;

    /// <summary>Adaptive optimizers want small steps, plain descent large ones.</summary>
    public double LearningRateOf(OptimizerKind optimizer) => optimizer switch
    {
        OptimizerKind.Adam or OptimizerKind.Adamw or OptimizerKind.Rmsprop => LearningRate,
        OptimizerKind.Adagrad => 10 * LearningRate,
        _ => 100 * LearningRate,
    };

    /// <summary>The defaults for a dataset.</summary>
    public static SpecDefaults For(DatasetFacts data) => data.Task switch
    {
        LearningTask.VectorClassification => ForVectors(data),
        LearningTask.Captioning => ForCaptions(data),
        LearningTask.SequenceLabeling => data.IsNumeric ? ForLabeledFrames(data) : ForTags(data),
        LearningTask.Translation => ForTranslations(data),
        LearningTask.LanguageModeling => ForLanguage(data),
        _ => data.IsNumeric ? ForFrames(data) : ForTexts(data),
    };

    private static SpecDefaults ForVectors(DatasetFacts data) => new()
    {
        Cell = CellKind.RnnTanh,
        HiddenSize = 32,
        Epochs = Math.Clamp(20_000 / data.Rows, 10, 150),
        BatchSize = data.Rows < 2_000 ? 16 : 64,
        LearningRate = 5e-3,
        WarmupSteps = 20,
    };

    private static SpecDefaults ForCaptions(DatasetFacts data) => new()
    {
        HiddenSize = 192,
        Tokenizer = data.MedianLength <= 2 ? TokenizerKind.Char : TokenizerKind.Word,
        Dropout = 0.4,
        EmbeddingDropout = data.MedianLength <= 2 ? 0 : 0.2,
        Epochs = Math.Clamp(70_000 / data.Rows, 8, 25),
        LearningRate = 3e-3,
    };

    private static SpecDefaults ForTags(DatasetFacts data) => new()
    {
        HiddenSize = 128,
        Bidirectional = true,
        Lowercase = false,
        MinFrequency = data.Rows < 2_000 ? 1 : 2,
        Dropout = 0.5,
        EmbeddingDropout = 0.5,
        Epochs = Math.Clamp(125_000 / data.Rows, 6, 30),
        LearningRate = 2e-3,
        UnknownRate = 0.1,
    };

    private static SpecDefaults ForLabeledFrames(DatasetFacts data) => new()
    {
        Cell = CellKind.Gru,
        HiddenSize = 256,
        Bidirectional = true,
        Scaling = Scaling.Robust,
        // A few recordings are soon known by heart.
        Dropout = data.Rows < 500 ? 0.7 : 0.4,
        Epochs = Math.Clamp(6_000 / data.Rows, 8, 60),
        BatchSize = 8,
        LearningRate = 2e-3,
        LabelSmoothing = 0.1,
        EarlyStoppingPatience = 10,
    };

    private static SpecDefaults ForTranslations(DatasetFacts data) => new()
    {
        Cell = CellKind.Gru,
        HiddenSize = 256,
        Bidirectional = true,
        // A few thousand pairs do not show most words often enough to emit them.
        Tokenizer = data.Rows < 10_000 ? TokenizerKind.Char : TokenizerKind.Word,
        EmbeddingSize = 160,
        TieWeights = true,
        MinFrequency = data.Rows < 10_000 ? 1 : 3,
        Lowercase = true,
        Dropout = 0.25,
        EmbeddingDropout = 0.25,
        Epochs = Math.Clamp(100_000 / data.Rows, 7, 30),
        LearningRate = 2e-3,
    };

    private static SpecDefaults ForLanguage(DatasetFacts data) => new()
    {
        Cell = CellKind.Gru,
        HiddenSize = 256,
        EmbeddingSize = 64,
        Tokenizer = TokenizerKind.Char,
        Dropout = 0.25,
        // About the same number of characters read, whatever the size of the text.
        Epochs = (int)Math.Clamp(12_000_000 / Math.Max(1, data.Bytes), 1, 40),
        BatchSize = data.Bytes < 200_000 ? 8 : 16,
        LearningRate = 2e-3,
    };

    private static SpecDefaults ForFrames(DatasetFacts data) => new()
    {
        HiddenSize = 64,
        Bidirectional = true,
        Dropout = 0.2,
        Epochs = Math.Clamp(30_000 / data.Rows, 8, 60),
        BatchSize = 16,
        LearningRate = 2e-3,
        LabelSmoothing = 0.1,
        EarlyStoppingPatience = 10,
    };

    /// <summary>Small sets and short sequences are seen more often: about the same work, and never fewer than some 600 updates.</summary>
    private static SpecDefaults ForTexts(DatasetFacts data)
    {
        var epochs = (int)Math.Clamp(Math.Max(60_000L / data.Rows, Math.Min(12, 1_200_000L / ((long)data.Rows * Math.Max(1, data.MedianLength)))), 4, Math.Max(30, 10_000 / data.Rows));
        return new()
        {
            HiddenSize = 128,
            Bidirectional = true,
            Dropout = 0.5,
            EmbeddingDropout = 0.5,
            // Texts of a word or two, such as names, tell more by their letters.
            Tokenizer = data.Input == InputKind.Text && data.MedianLength <= 2 ? TokenizerKind.Char : TokenizerKind.Word,
            MinFrequency = data.Rows < 2_000 ? 1 : 2,
            Lowercase = true,
            Epochs = epochs,
            BatchSize = data.Rows < 2_000 ? 16 : 32,
            LearningRate = 1e-3,
            LabelSmoothing = 0.1,
            UnknownRate = 0.1,
            EarlyStoppingPatience = Math.Max(3, epochs / 3),
        };
    }
}
