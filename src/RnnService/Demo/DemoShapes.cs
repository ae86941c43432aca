using System.Text;

namespace RnnService.Demo;

/// <summary>The table of all shapes of recurrent networks, each with data of its own making and small enough to be trained in some ten seconds.</summary>
internal static class DemoShapes
{
    private const int ScenesLearnt = 320;

    /// <summary>One to one.</summary>
    public static DemoShape Vectors { get; } = new("demo-vector", "vector_classification",
        "One to one: which flower has these measurements?", "A vector in, a label out.",
        new("demo-flowers", "flowers.csv", () => FlowerSamples.ToCsv(FlowerSamples.Make(800, seed: 6))),
        new("demo-flowers-test", "flowers-test.csv", () => FlowerSamples.ToCsv(FlowerSamples.Make(200, seed: 7))),
        new { training = new { epochs = 15 } });

    /// <summary>One to many.</summary>
    public static DemoShape Captions { get; } = new("demo-caption", "captioning",
        "One to many: a scene in a sentence", "A vector of attributes in, words out, each fed back for the next.",
        new("demo-scenes", "scenes.csv", () => SceneSamples.ToCsv(Scenes.Take(ScenesLearnt))),
        new("demo-scenes-test", "scenes-test.csv", () => SceneSamples.ToCsv(Scenes.Skip(ScenesLearnt))),
        new { network = new { hidden_size = 64, embedding_size = 32, dropout = 0.1, embedding_dropout = 0.0 }, training = new { epochs = 30, learning_rate = 0.005 } });

    /// <summary>Many to one, over words.</summary>
    public static DemoShape Sentences { get; } = new("demo-sentiment", "sequence_classification",
        "Many to one: negation and contrast in sentences", "Each template uses good and bad words in both roles, so only their order tells the verdict.",
        new("demo-sentences", "sentences.csv", () => SentenceSamples.ToCsv(LearntSentences)),
        new("demo-sentences-test", "sentences-test.csv", () => SentenceSamples.ToCsv(SentenceSamples.Make(400, seed: 2, LearntSentences.Select(sample => sample.Text).ToHashSet()))),
        new { network = new { cell = "lstm", hidden_size = 48, embedding_size = 48 }, training = new { epochs = 10, learning_rate = 0.003 } });

    /// <summary>Many to one, over frames.</summary>
    public static DemoShape Videos { get; } = new("demo-motion", "sequence_classification",
        "Many to one: which way does the dot move?", $"Videos of {VideoSamples.Side} × {VideoSamples.Side} pixels with noise; one frame tells nothing, only the sequence does.",
        new("demo-videos", "videos.jsonl", () => VideoSamples.ToJsonLines(VideoSamples.Make(2_400, seed: 3))),
        new("demo-videos-test", "videos-test.jsonl", () => VideoSamples.ToJsonLines(VideoSamples.Make(300, seed: 4))),
        new { network = new { cell = "gru", hidden_size = 48 }, training = new { epochs = 20, learning_rate = 0.003 } });

    /// <summary>Many to many, emitted once all is read.</summary>
    public static DemoShape Dates { get; } = new("demo-translate", "translation",
        "Many to many, read all, then emit: dates as said and as written", "The year comes last or first when said, always first when written: attention looks back for it.",
        new("demo-dates", "dates.csv", () => DateSamples.ToCsv(LearntDates)),
        new("demo-dates-test", "dates-test.csv", () => DateSamples.ToCsv(NewDates)),
        new { network = new { hidden_size = 64, embedding_size = 48, dropout = 0.1, embedding_dropout = 0.0 }, training = new { epochs = 8, learning_rate = 0.005 } });

    /// <summary>Many to many, labelled as frames arrive.</summary>
    public static DemoShape Signals { get; } = new("demo-labels", "sequence_labeling",
        "Many to many, a label as each input arrives: does the signal rest, rise or fall?", "Two noisy sensors read one level; the network reads forward only, so it labels a signal that has no end yet.",
        new("demo-signals", "signals.jsonl", () => SignalSamples.ToJsonLines(SignalSamples.Make(600, seed: 11))),
        new("demo-signals-test", "signals-test.jsonl", () => SignalSamples.ToJsonLines(SignalSamples.Make(100, seed: 12))),
        new { network = new { bidirectional = false, hidden_size = 32, dropout = 0.0 }, training = new { epochs = 12, learning_rate = 0.01 } });

    /// <summary>A language model.</summary>
    public static DemoShape Rhymes { get; } = new("demo-language", "language_modeling",
        "Language model: nursery rhymes, letter by letter", "Each character is drawn from what the network expects next, and read as the next input. It has never been told what a word is.",
        new("demo-rhymes", "rhymes.txt", () => Encoding.UTF8.GetBytes(RhymeSamples.Make(100_000, seed: 13))),
        new("demo-rhymes-test", "rhymes-test.txt", () => Encoding.UTF8.GetBytes(RhymeSamples.Make(10_000, seed: 14))),
        new { network = new { hidden_size = 128, embedding_size = 32 }, training = new { epochs = 6, learning_rate = 0.005 } });

    /// <summary>What a plain recurrence cannot remember.</summary>
    public static DemoShape Letters { get; } = new("demo-memory", "sequence_classification",
        $"See inside: which of {LetterSamples.Length} letters was the first?", "Only the last state is read, so the gradient must come all the way back. A plain recurrence loses it; the service measures that and knows what to change.",
        new("demo-letters", "letters.jsonl", () => LetterSamples.ToJsonLines(1_500, seed: 17)),
        new("demo-letters-test", "letters-test.jsonl", () => LetterSamples.ToJsonLines(300, seed: 18)),
        new
        {
            network = new { cell = "rnn_tanh", recurrent_init = "uniform", bidirectional = false, pooling = "last", hidden_size = 48, embedding_size = 16, dropout = 0.0, embedding_dropout = 0.0 },
            training = new { epochs = 15, learning_rate = 0.005 },
        });

    /// <summary>Scenes not learnt from.</summary>
    public static IReadOnlyList<(float[] Features, string Text)> NewScenes => [.. Scenes.Skip(ScenesLearnt)];

    /// <summary>Dates not learnt from.</summary>
    public static IReadOnlyList<(string Source, string Target)> NewDates => DateSamples.Make(200, seed: 10, LearntDates.Select(sample => sample.Source).ToHashSet());

    private static IReadOnlyList<(float[] Features, string Text)> Scenes => SceneSamples.All(seed: 8);

    private static IReadOnlyList<(string Text, string Label)> LearntSentences => SentenceSamples.Make(3_000, seed: 1);

    private static IReadOnlyList<(string Source, string Target)> LearntDates => DateSamples.Make(4_000, seed: 9);
}
