using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>The numbers an untouched job trains with, all in one place. Each is a function of the data's facts only.</summary>
internal static class SpecDefaults
{
    public const CellKind Cell = CellKind.Lstm;
    public const int Layers = 1;
    public const bool Bidirectional = true;
    public const RecurrentInit Recurrent = RecurrentInit.Orthogonal;
    public const double ForgetBias = 1;
    public const int ShardRows = 8;
    public const ScheduleKind Schedule = ScheduleKind.Cosine;
    public const double ClipNorm = 1;
    public const double WeightDecay = 0;
    public const double LabelSmoothing = 0.1;
    public const double ValidationFraction = 0.1;
    public const long Seed = 1;
    public const int VocabularySize = 30_000;
    public const bool Lowercase = true;

    public static int HiddenSize(DatasetFacts data) => data.IsFrames ? 64 : 128;

    public static int EmbeddingSize(DatasetFacts _) => 128;

    public static PoolingKind Pooling(DatasetFacts _) => PoolingKind.Max;

    public static double Dropout(DatasetFacts data) => data.IsFrames ? 0.2 : 0.5;

    public static double EmbeddingDropout(DatasetFacts _) => 0.5;

    /// <summary>Texts of a word or two, such as names, tell more by their letters.</summary>
    public static TokenizerKind Tokenizer(DatasetFacts data) => data.Input == InputKind.Text && data.MedianLength <= 2 ? TokenizerKind.Char : TokenizerKind.Word;

    public static int TokenNgrams(TokenizerKind kind) => kind == TokenizerKind.Char ? 3 : 1;

    public static SubwordFeatures SubwordFeatures(TokenizerKind kind) => kind == TokenizerKind.Word ? Rnn.Data.SubwordFeatures.Affix : Rnn.Data.SubwordFeatures.None;

    public static int MinFrequency(DatasetFacts data) => data.Rows < 2_000 ? 1 : 2;

    public static Scaling Scaling(DatasetFacts _) => Rnn.Data.Scaling.Standard;

    public static int BatchSize(DatasetFacts data) => data.IsFrames || data.Rows < 2_000 ? 16 : 32;

    public static double LearningRate(DatasetFacts data) => data.IsFrames ? 2e-3 : 1e-3;

    public static int WarmupSteps(DatasetFacts _) => 50;

    public static double UnknownRate(DatasetFacts _) => 0.1;

    /// <summary>Small sets and short sequences are seen more often: about the same work, and never fewer than some 600 updates.</summary>
    public static int Epochs(DatasetFacts data) => data.IsFrames
        ? Math.Clamp(30_000 / data.Rows, 8, 60)
        : (int)Math.Clamp(Math.Max(60_000L / data.Rows, Math.Min(12, 1_200_000L / ((long)data.Rows * Math.Max(1, data.MedianLength)))), 4, Math.Max(30, 10_000 / data.Rows));

    public static int EarlyStoppingPatience(DatasetFacts data) => data.IsFrames ? 10 : Math.Max(3, Epochs(data) / 3);
}
