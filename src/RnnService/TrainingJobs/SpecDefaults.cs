using Rnn.Data;
using Rnn.Cells;
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
    public const double LabelSmoothing = 0;
    public const double ValidationFraction = 0.1;
    public const long Seed = 1;
    public const int VocabularySize = 30_000;
    public const bool Lowercase = true;
    public const TokenizerKind Tokenizer = TokenizerKind.Word;

    public static int HiddenSize(DatasetFacts data) => data.IsFrames ? 64 : 128;

    public static int EmbeddingSize(DatasetFacts _) => 128;

    public static PoolingKind Pooling(DatasetFacts _) => PoolingKind.Max;

    public static double Dropout(DatasetFacts data) => data.IsFrames ? 0.2 : 0.5;

    public static double EmbeddingDropout(DatasetFacts _) => 0.5;

    public static int TokenNgrams(DatasetFacts data) => data.Input == InputKind.Text ? 2 : 1;

    public static int MinFrequency(DatasetFacts data) => data.Rows < 2_000 ? 1 : 2;

    public static Scaling Scaling(DatasetFacts _) => Rnn.Data.Scaling.Standard;

    public static int BatchSize(DatasetFacts data) => data.IsFrames || data.Rows < 2_000 ? 16 : 32;

    public static double LearningRate(DatasetFacts data) => data.IsFrames ? 2e-3 : 1e-3;

    public static int WarmupSteps(DatasetFacts _) => 50;

    public static double UnknownRate(DatasetFacts _) => 0.1;

    /// <summary>Small sets are seen more often: about the same number of updates, within limits.</summary>
    public static int Epochs(DatasetFacts data) => data.IsFrames
        ? Math.Clamp(30_000 / data.Rows, 8, 60)
        : Math.Clamp(60_000 / data.Rows, 4, 30);

    public static int EarlyStoppingPatience(DatasetFacts data) => data.IsFrames ? 10 : 3;
}
