using Rnn.Data;
using Rnn.Decoding;
using Rnn.Layers;
using Rnn.Models;

namespace RnnService.Predictions;

/// <summary>Tells what happened in a step: what was fed in, what came out, how the state stood.</summary>
/// <param name="model">The model that writes.</param>
internal sealed class GenerateTrace(TrainedModel model)
{
    private const int Best = 5;

    private readonly Tokenizer _tokenizer = model.Codec.Output!;

    /// <summary>The step that <paramref name="generation"/> has just taken.</summary>
    public GenerateStep Step(Generation generation, GeneratedToken token) => new(Fed(token.Read), Shown(token.Token), token.LogProbability, generation.StateNorm, Outputs(generation.Logits))
    {
        Attention = generation.AttentionWeights.IsEmpty ? null : generation.AttentionWeights.ToArray(),
    };

    /// <summary>A token as it is shown.</summary>
    public string Shown(int token) => token == _tokenizer.Begin ? "<begin>" : token == _tokenizer.End ? "<end>" : _tokenizer.TokenText(token);

    private string Fed(int token) => model.Network is not Captioner captioner ? Shown(token)
        : captioner.Config.Feedback == Feedback.Outputs ? $"features+{Shown(token)}"
        : token == captioner.Config.Begin ? "features" : "zeros";

    private List<GenerateOutput> Outputs(ReadOnlySpan<float> logits)
    {
        var sum = CrossEntropy.LogSum(logits);
        var best = new List<(int Token, float Logit)>(Best + 1);
        for (var token = 0; token < logits.Length; token++)
        {
            // Equal ones in the order of their ids; what is never emitted is no output.
            if (float.IsNegativeInfinity(logits[token]) || (best.Count == Best && !(logits[token] > best[^1].Logit))) continue;
            var at = best.Count;
            while (at > 0 && logits[token] > best[at - 1].Logit) at--;
            best.Insert(at, (token, logits[token]));
            if (best.Count > Best) best.RemoveAt(Best);
        }

        return best.ConvertAll(output => new GenerateOutput(Shown(output.Token), Math.Exp(output.Logit - sum)));
    }
}
