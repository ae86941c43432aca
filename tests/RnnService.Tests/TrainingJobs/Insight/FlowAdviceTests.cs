using System.Text.Json;
using System.Text.Json.Nodes;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Storage;
using RnnService.Storage.Examples;
using RnnService.TrainingJobs;
using RnnService.TrainingJobs.Insight;

namespace RnnService.Tests.TrainingJobs.Insight;

/// <summary>What is advised for which figures; every change is a spec that is accepted.</summary>
public sealed class FlowAdviceTests
{
    private static readonly FlowGradientNorm s_calm = new(1, 1, 0);

    private static TrainingSpec Spec(LearningTask task, Func<NetworkSpec, NetworkSpec>? network = null, Func<TrainingSettings, TrainingSettings>? training = null)
    {
        var facts = new DatasetFacts { Task = task, Input = InputKind.Text, Rows = 5_000, MedianLength = 30, MaxLength = 60, TargetMaxLength = 60, Classes = task == LearningTask.SequenceClassification ? 3 : 0, FeatureSize = 0, Bytes = 1_000_000 };
        var spec = SpecResolver.Resolve(new TrainingJobRequest { Dataset = "d", Model = "m" }, facts, null, new FieldErrors())!;
        return spec with { Network = (network ?? (same => same))(spec.Network), Training = (training ?? (same => same))(spec.Training) };
    }

    private static GradientFlow Flow(double decay, int lags) => new()
    {
        Layer = 0,
        Reverse = false,
        LagGradientNorm = [.. Enumerable.Range(0, lags).Select(lag => Math.Pow(decay, lag))],
        CellLagGradientNorm = [],
        SpectralRadius = 1,
        Activity = new CellActivity(0, new Dictionary<string, double>()),
    };

    private static IReadOnlyList<Advice> Advise(LearningTask task, TrainingSpec spec, GradientFlow flow, int needed, FlowGradientNorm norm) => FlowAdvice.OfFlow(task, spec, flow, needed, flow.LeftAfter(needed), norm);

    private static string[] Codes(IEnumerable<Advice> advice) => [.. advice.Select(given => given.Code)];

    private static string Change(IEnumerable<Advice> advice, string code) => JsonSerializer.Serialize(advice.Single(given => given.Code == code).Change);

    [Theory]
    [InlineData(CellKind.RnnTanh, RecurrentInit.Uniform, 40, "gated_cell,orthogonal_init,max_pooling")]
    [InlineData(CellKind.RnnTanh, RecurrentInit.Orthogonal, 40, "gated_cell,max_pooling")]
    [InlineData(CellKind.RnnRelu, RecurrentInit.Orthogonal, 40, "gated_cell,identity_init,max_pooling")]
    [InlineData(CellKind.Lstm, RecurrentInit.Orthogonal, 40, "chrono_forget_bias,max_pooling")]
    [InlineData(CellKind.Gru, RecurrentInit.Orthogonal, 40, "chrono_forget_bias,max_pooling")]
    internal void A_flow_that_vanishes_is_answered_by_what_carries_it(CellKind cell, RecurrentInit init, int needed, string codes)
    {
        var spec = Spec(LearningTask.SequenceClassification, network => network with { Cell = cell, RecurrentInit = init, Pooling = PoolingKind.Last, ForgetBias = cell == CellKind.Lstm ? JsonElement.Parse("1") : null });
        var advice = Advise(LearningTask.SequenceClassification, spec, Flow(0.7, needed), needed, s_calm);
        Assert.Equal(codes, string.Join(',', Codes(advice)));
        Assert.All(advice, given => Assert.StartsWith($"{needed} steps back ", given.Evidence, StringComparison.Ordinal));
    }

    [Fact]
    public void Long_lags_want_gates_that_start_open_and_short_ones_do_not()
    {
        var spec = Spec(LearningTask.SequenceClassification, network => network with { Cell = CellKind.RnnTanh });
        string advised(int needed) => Change(Advise(LearningTask.SequenceClassification, spec, Flow(0.5, needed), needed, s_calm), "gated_cell");
        Assert.Equal("""{"network.cell":"lstm"}""", advised(19));
        Assert.Equal("""{"network.cell":"lstm","network.forget_bias":"chrono","training.learning_rate":0.003}""", advised(20));
        var fast = Spec(LearningTask.SequenceClassification, training: training => training with { LearningRate = 0.01 });
        Assert.Equal("""{"network.forget_bias":"chrono"}""", Change(Advise(LearningTask.SequenceClassification, fast, Flow(0.5, 40), 40, s_calm), "chrono_forget_bias"));
    }

    [Fact]
    public void A_translation_without_attention_is_advised_to_have_some()
    {
        var spec = Spec(LearningTask.Translation, network => network with { Attention = AttentionKind.None });
        Assert.Equal(["chrono_forget_bias", "attention"], Codes(Advise(LearningTask.Translation, spec, Flow(0.5, 40), 40, s_calm)));
    }

    [Fact]
    public void A_flow_that_explodes_is_clipped_or_slowed_down()
    {
        var tanh = Spec(LearningTask.SequenceClassification, network => network with { Cell = CellKind.RnnRelu }, training => training with { ClipNorm = 0, LearningRate = 0.01 });
        var advice = Advise(LearningTask.SequenceClassification, tanh, Flow(1.3, 40), 40, s_calm);
        Assert.Equal(["clip", "lower_learning_rate", "gated_cell"], Codes(advice));
        Assert.Equal("""{"training.clip_norm":1}""", Change(advice, "clip"));
        Assert.Equal("""{"training.learning_rate":0.005}""", Change(advice, "lower_learning_rate"));
        var clipped = Spec(LearningTask.SequenceClassification);
        Assert.Equal(["lower_learning_rate"], Codes(Advise(LearningTask.SequenceClassification, clipped, Flow(1.3, 40), 40, s_calm)));
    }

    [Fact]
    public void Large_gradients_are_clipped_and_ever_clipped_ones_slowed_down()
    {
        var unclipped = Spec(LearningTask.SequenceClassification, training: training => training with { ClipNorm = 0 });
        Assert.Equal(["clip"], Codes(Advise(LearningTask.SequenceClassification, unclipped, Flow(0.99, 40), 40, new(11, 11, 0))));
        Assert.Empty(Advise(LearningTask.SequenceClassification, unclipped, Flow(0.99, 40), 40, new(9, 9, 0)));
        var clipped = Spec(LearningTask.SequenceClassification);
        Assert.Equal(["lower_learning_rate"], Codes(Advise(LearningTask.SequenceClassification, clipped, Flow(0.99, 40), 40, new(11, 1, 0.95))));
        Assert.Empty(Advise(LearningTask.SequenceClassification, clipped, Flow(0.99, 40), 40, new(3, 1, 1)));
    }

    [Fact]
    public void Chunks_are_longer_where_the_gradient_was_alive_at_their_border()
    {
        var spec = Spec(LearningTask.LanguageModeling);
        var steps = spec.Training.BpttSteps!.Value;
        Assert.Equal($$"""{"training.bptt_steps":{{2 * steps}}}""", Change(Advise(LearningTask.LanguageModeling, spec, Flow(0.98, steps), steps / 4, s_calm), "longer_chunks"));
        Assert.Empty(Advise(LearningTask.LanguageModeling, spec, Flow(0.85, steps), steps / 4, s_calm));
    }

    [Theory]
    [InlineData(0.3, 0.9, 0, "more_dropout,smaller_network")]
    [InlineData(0.9, 0.91, 0, "less_dropout,larger_network")]
    [InlineData(0.7, 0.8, 0, "")]
    [InlineData(0.01, 0.09, 0, "")]
    [InlineData(0.7, 0.8, 2, "lower_learning_rate")]
    public void Losses_apart_want_dropout_and_losses_together_a_larger_network(double train, double validation, int rescues, string codes)
    {
        var spec = Spec(LearningTask.SequenceClassification, training: training => training with { LearningRate = 8 });
        var advice = FlowAdvice.OfLosses(spec, train, validation, Math.Log(3), rescues);
        Assert.Equal(codes, string.Join(',', Codes(advice)));
        if (rescues > 0) Assert.Equal("""{"training.learning_rate":2}""", Change(advice, "lower_learning_rate"));
    }

    /// <summary>Whatever is advised, the changed spec is resolved without an error and holds the change.</summary>
    [Fact]
    public void Every_change_is_accepted()
    {
        var spec = Spec(LearningTask.SequenceClassification, network => network with { Cell = CellKind.RnnTanh, RecurrentInit = RecurrentInit.Uniform, Pooling = PoolingKind.Last, ForgetBias = null }, training => training with { ClipNorm = 0 }) with { Name = "named" };
        Advice[] all =
        [
            .. Advise(LearningTask.SequenceClassification, spec, Flow(0.5, 40), 40, s_calm), .. Advise(LearningTask.SequenceClassification, spec, Flow(1.5, 40), 40, s_calm),
            .. FlowAdvice.OfLosses(spec, 0.3, 0.9, Math.Log(3), 1), .. FlowAdvice.OfLosses(spec, 0.9, 0.9, Math.Log(3), 0),
        ];
        Assert.True(all.Length >= 10);
        var json = JsonSerializer.Serialize(spec, JsonConventions.Stored);
        foreach (var advice in all)
        {
            var request = AdviceApplication.Apply(json, advice);
            Assert.Null(request.Name);
            var errors = new FieldErrors();
            var changed = SpecResolver.Resolve(request, new DatasetFacts { Task = LearningTask.SequenceClassification, Input = InputKind.Text, Rows = 5_000, MedianLength = 30, MaxLength = 60, TargetMaxLength = 0, Classes = 3, FeatureSize = 0, Bytes = 1_000_000 }, null, errors);
            Assert.Empty(errors.Found);
            var resolved = JsonNode.Parse(JsonSerializer.Serialize(changed, JsonConventions.Stored))!;
            foreach (var (path, value) in advice.Change)
            {
                var at = path.LastIndexOf('.');
                Assert.Equal(value!.ToJsonString(), resolved[path[..at]]![path[(at + 1)..]]!.ToJsonString());
            }
        }
    }
}
