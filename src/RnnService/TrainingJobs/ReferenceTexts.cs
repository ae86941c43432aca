using Rnn.Data;
using Rnn.Decoding;
using Rnn.Metrics;
using Rnn.Models;
using Rnn.Training;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>An input and the texts people gave for it; rows with the same input are one with several references.</summary>
/// <param name="Input">What the network reads.</param>
/// <param name="References">At least one.</param>
internal sealed record ReferenceTexts(Sequence Input, IReadOnlyList<string> References)
{
    // A text much longer than any reference has gone astray.
    private const int TokensBeyondLongest = 10;

    /// <summary>The inputs of rows that have a target, in the order of their first row.</summary>
    public static IReadOnlyList<ReferenceTexts> Of(Codec codec, IReadOnlyList<DatasetExample> rows) => rows.Count == 0 || rows[0].Target is null ? [] :
    [
        .. rows.GroupBy(row => row.Text ?? (row.Tokens is { } tokens ? string.Join('\n', tokens) : string.Join(' ', row.Features!)), StringComparer.Ordinal)
            .Select(same => new ReferenceTexts(CodecLearning.Encode(codec, same.First()), [.. same.Select(row => row.Target!)])),
    ];

    /// <summary>The network's greedy answers. It must be packed.</summary>
    public static IReadOnlyList<string> Greedy(Network network, Codec codec, IReadOnlyList<ReferenceTexts> texts, BatchShards shards)
    {
        var answers = new string[texts.Count];
        shards.Run(texts.Count, i => answers[i] = Greedy(network, codec, texts[i]));
        return answers;
    }

    /// <summary>The BLEU-4 counts of an answer to each text, over lower-cased words and marks or, for a vocabulary of characters, over characters.</summary>
    public static IEnumerable<BleuScore> Scores(IReadOnlyList<ReferenceTexts> texts, IReadOnlyList<string> answers, bool overCharacters)
    {
        string[] split(string text) => overCharacters ? Bleu.Characters(text) : Bleu.Words(text);
        return texts.Select((text, i) => Bleu.Score([(split(answers[i]), [.. text.References.Select(split)])]));
    }

    /// <summary>The greedy answer to a text's input. The network must be packed.</summary>
    public static string Greedy(Network network, Codec codec, ReferenceTexts text)
    {
        var tokenizer = codec.Output!;
        var most = text.References.Max(reference => tokenizer.EncodeTarget(reference).Length) + TokensBeyondLongest;
        var generation = new Generation(network.CreateDecoder(text.Input), new SamplingConfig { Temperature = 0 }, seed: 0, [Vocabulary.Unknown, tokenizer.Begin]);
        var tokens = new List<int>();
        while (!generation.IsFinished && tokens.Count < most) tokens.Add(generation.Advance().Token);
        return tokenizer.Decode([.. tokens]);
    }
}
