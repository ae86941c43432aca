using System.Diagnostics;
using System.Numerics.Tensors;
using System.Text;
using System.Text.Json.Serialization;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Training;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>
/// What the network makes of a few held-out rows by now, so that progress can be read. It draws nothing from the training's randomness and changes nothing. Taken no more often than
/// every second or fifty times what the last one cost, so that reading costs at most 2 % of the time. The network must be packed.
/// </summary>
internal sealed class EpochSamples(Network network, TrainingData data, BatchShards shards)
{
    // So much of a sequence or a text is read at a glance.
    private const int Steps = 20;
    private const int PromptCharacters = 40;
    private const int TextCharacters = 200;
    private const double Temperature = 0.8;
    private const ulong Seed = 1;
    private const int CostFactor = 50;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private long? _last;
    private TimeSpan _interval;

    /// <summary>Whether it is time for the next ones.</summary>
    public bool IsDue => _last is not { } last || Stopwatch.GetElapsedTime(last) >= _interval;

    /// <summary>The rows with their answers.</summary>
    public IReadOnlyList<Sample> Take()
    {
        var start = Stopwatch.GetTimestamp();
        Sample[] samples = [.. data.Shown.Select(Answer)];
        _last = Stopwatch.GetTimestamp();
        _interval = TimeSpan.FromTicks(Math.Max(Shortest.Ticks, CostFactor * Stopwatch.GetElapsedTime(start).Ticks));
        return samples;
    }

    private Sample Answer(DatasetExample row)
    {
        if (row.Target is { } target) return new Sample(Input(row), target, ReferenceTexts.Greedy(network, data.Codec, new ReferenceTexts(CodecLearning.Encode(data.Codec, row), [target])));
        if (network.EmitsTokens) return Continue(row.Text!);
        // The targets are looked at by nobody: one for every step is right for both kinds.
        var input = CodecLearning.Encode(data.Codec, row);
        var targets = new int[row.Labels?.Count ?? 1];
        var logits = Evaluation.Logits(network, new ExampleSet([input], [targets]), shards).Logits;
        string best(int step, out double score)
        {
            var probabilities = new float[network.Outputs];
            CrossEntropy.Softmax(logits.AsSpan(step * network.Outputs, network.Outputs), probabilities);
            var label = TensorPrimitives.IndexOfMax<float>(probabilities);
            score = Math.Round(probabilities[label], 4);
            return data.Codec.Labels[label];
        }

        if (row.Label is { } only) return new Sample(Input(row), only, best(0, out var sure), sure);
        return new Sample(Input(row), row.Labels!.Take(Steps), Enumerable.Range(0, Math.Min(Steps, targets.Length)).Select(step => best(step, out _)).ToArray());
    }

    /// <summary>The beginning of a text, and how the network goes on from there: drawn, but the same draws at each epoch.</summary>
    private Sample Continue(string text)
    {
        var tokenizer = data.Codec.Output!;
        var cut = Cut(text, Math.Clamp(text.Length / 2, 1, PromptCharacters));
        var decoder = network.CreateDecoder(null);
        int[] forbidden = decoder.End == tokenizer.End ? [Vocabulary.Unknown, tokenizer.Begin] : [Vocabulary.Unknown, tokenizer.Begin, tokenizer.End];
        var generation = new Generation(decoder, new SamplingConfig { Temperature = Temperature }, Seed, forbidden);
        generation.Read(tokenizer.EncodeTarget(text[..cut]).AsSpan()[..^1]);
        var (stream, output) = (new TokenStream(tokenizer, continues: true), new StringBuilder());
        for (var tokens = 0; tokens < TextCharacters && !generation.IsFinished && output.Length < TextCharacters; tokens++) output.Append(stream.Next(generation.Advance().Token));
        return new Sample(text[..cut], text[cut..Cut(text, cut + TextCharacters)], output.ToString());
    }

    private static object Input(DatasetExample row) => row switch
    {
        { Text: { } text } => text[..Cut(text, TextCharacters)],
        { Tokens: { } tokens } => tokens.Take(Steps),
        { Features: { } features } => features.Take(TextCharacters),
        // Hundreds of numbers tell a reader nothing.
        _ => $"{Counted(row.Frames!.Length, "frame")} of {Counted(row.Frames[0].Length, "number")}",
    };

    private static string Counted(int count, string thing) => $"{count:N0} {thing}{(count == 1 ? "" : "s")}";

    /// <summary>Where to cut a text after at most so many characters: at white space if there is some in the second half, never within a code point.</summary>
    private static int Cut(string text, int most)
    {
        if (text.Length <= most) return text.Length;
        var space = text.AsSpan(0, most).LastIndexOfAny(' ', '\n');
        return space > most / 2 ? space : char.IsLowSurrogate(text[most]) ? most - 1 : most;
    }
}

/// <summary>Data of a <c>sample</c> event.</summary>
/// <param name="Epoch">Epochs completed, from 1.</param>
/// <param name="Step">Optimizer updates done.</param>
/// <param name="Samples">Held-out rows.</param>
internal sealed record SampleEvent(int Epoch, long Step, IReadOnlyList<Sample> Samples);

/// <summary>A held-out row and what the network answers by now; long ones are cut.</summary>
/// <param name="Input">A text, tokens, the numbers of a vector, or how many frames there are.</param>
/// <param name="Target">What should come out: a label, the labels of the first steps, or a text.</param>
/// <param name="Output">What does, in the same form.</param>
/// <param name="Score">Probability of the label; left out where there are several, or a text.</param>
internal sealed record Sample(object Input, object Target, object Output, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Score = null);
