using System.Globalization;
using System.Text.Json;
using Rnn.Data;

namespace Rnn.Models;

/// <summary>
/// What turns a client's inputs into sequences and a network's outputs into answers; learnt from the training set, it travels with the weights.
/// A network reads either text (<see cref="Input"/>) or numbers (<see cref="Scaler"/>) and answers either with <see cref="Labels"/> or with text (<see cref="Output"/>).
/// </summary>
/// <param name="Input">For texts and tokens that are read.</param>
/// <param name="Scaler">For frames and vectors.</param>
/// <param name="Labels">Names of the classes in the order of the logits; empty for networks that emit text.</param>
/// <param name="Output">For texts that are emitted; a language model's is also its <paramref name="Input"/>.</param>
/// <param name="MaxTokens">Tokens that the longest text it should emit needs, for those who ask for no other limit.</param>
public sealed record Codec(Tokenizer? Input, FrameScaler? Scaler, IReadOnlyList<string> Labels, Tokenizer? Output, int MaxTokens = Codec.DefaultMaxTokens)
{
    /// <summary>Where nothing is known of the texts: a paragraph.</summary>
    public const int DefaultMaxTokens = 256;

    private const string InputKey = "tokenizer";
    private const string ScalerKey = "scaler";
    private const string LabelsKey = "labels";
    private const string OutputKey = "output_tokenizer";
    private const string MaxTokensKey = "max_tokens";

    /// <summary>Values of a frame or vector; 0 for text.</summary>
    public int FeatureSize => Scaler?.FeatureSize ?? 0;

    /// <summary>The steps of a text.</summary>
    /// <exception cref="ArgumentException">The network reads numbers, or the text is empty.</exception>
    public Sequence Encode(string text) => Reads().Encode(text);

    /// <summary>The steps of a text that is already tokens.</summary>
    /// <exception cref="ArgumentException">The network reads numbers, or there are no tokens.</exception>
    public Sequence EncodeTokens(IReadOnlyList<string> tokens) => Reads().EncodeTokens(tokens);

    /// <summary>Frames, scaled.</summary>
    /// <exception cref="ArgumentException">The network reads text, there is no frame, or one has another size.</exception>
    public Sequence EncodeFrames(IReadOnlyList<float[]> frames)
    {
        if (Scaler is null) throw new ArgumentException("This model reads text: send a string or an array of tokens, not numbers.", nameof(frames));
        if (frames.Count == 0) throw new ArgumentException($"The sequence is empty: send at least one frame of {FeatureSize} numbers.", nameof(frames));
        for (int t = 0; t < frames.Count; t++)
        {
            if (frames[t].Length != FeatureSize)
                throw new ArgumentException($"{(frames.Count == 1 ? "The frame" : $"Frame {t}")} has {frames[t].Length} numbers, this model reads {FeatureSize}.", nameof(frames));
        }

        return Scaler.Apply(Sequence.OfFrames(frames.SelectMany(frame => frame).ToArray(), FeatureSize));
    }

    /// <summary>Adds everything needed to make the same codec again.</summary>
    public void WriteTo(IDictionary<string, string> metadata)
    {
        metadata[LabelsKey] = JsonSerializer.Serialize(Labels);
        if (Input is not null) metadata[InputKey] = Input.ToJson();
        if (Scaler is not null) metadata[ScalerKey] = Scaler.ToJson();
        if (Output is not null && Output != Input) metadata[OutputKey] = Output.ToJson();
        if (Output is not null) metadata[MaxTokensKey] = MaxTokens.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    /// <param name="metadata">What was written.</param>
    /// <param name="emits">Whether the network answers with text.</param>
    /// <exception cref="InvalidDataException">Something is missing or malformed.</exception>
    public static Codec ReadFrom(IReadOnlyDictionary<string, string> metadata, bool emits)
    {
        Tokenizer? tokenizer(string key) => metadata.TryGetValue(key, out string? json) ? Tokenizer.FromJson(json) : null;
        try
        {
            Tokenizer? input = tokenizer(InputKey);
            string[] labels = metadata.TryGetValue(LabelsKey, out string? names) ? JsonSerializer.Deserialize<string[]>(names) ?? [] : throw new InvalidDataException($"There is no metadata '{LabelsKey}'.");
            FrameScaler? scaler = metadata.TryGetValue(ScalerKey, out string? figures) ? FrameScaler.FromJson(figures) : null;
            int most = DefaultMaxTokens;
            if (metadata.TryGetValue(MaxTokensKey, out string? limit) && !(int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) && most > 0))
                throw new InvalidDataException($"The metadata '{MaxTokensKey}' is '{limit}'; expected a whole number from 1.");
            return new Codec(input, scaler, labels, emits ? tokenizer(OutputKey) ?? input : null, most);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The labels cannot be read: {e.Message}", e);
        }
    }

    private Tokenizer Reads() => Input ?? throw new ArgumentException($"This model reads numbers: send arrays of {FeatureSize} numbers, not text.");
}
