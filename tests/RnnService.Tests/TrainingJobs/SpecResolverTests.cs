using System.Text.Json;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;
using RnnService.TrainingJobs;

namespace RnnService.Tests.TrainingJobs;

public sealed class SpecResolverTests
{
    private static readonly DatasetFacts Reviews = new() { Input = InputKind.Text, Rows = 8_530, MedianLength = 21, MaxLength = 60, Classes = 2 };
    private static readonly DatasetFacts Videos = new() { Input = InputKind.Frames, Rows = 1_200, MedianLength = 11, MaxLength = 14, Classes = 6, FeatureSize = 64 };

    private static readonly JsonSerializerOptions Wire = new(JsonConventions.Stored) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };

    private static (TrainingSpec? Spec, IReadOnlyList<FieldError> Errors) Resolve(string json, DatasetFacts data, TrainingSpec? start = null)
    {
        var errors = new FieldErrors();
        var request = JsonSerializer.Deserialize<TrainingJobRequest>(json, Wire)!;
        return (SpecResolver.Resolve(request, data, start, errors), errors.Found);
    }

    [Fact]
    public void A_minimal_request_gets_every_default()
    {
        var (spec, errors) = Resolve("""{"dataset":"reviews","model":"sentiment"}""", Reviews);

        Assert.Empty(errors);
        Assert.NotNull(spec);
        Assert.NotNull(spec.Tokenizer);
        Assert.Null(spec.Features);
        Assert.NotNull(spec.Network.EmbeddingSize);
        Assert.Equal(SpecDefaults.ValidationFraction, spec.Training.ValidationFraction);
        Assert.Equal(SpecDefaults.Seed, spec.Training.Seed);
    }

    [Fact]
    public void Frames_get_a_scaling_and_no_tokenizer()
    {
        var (spec, errors) = Resolve("""{"dataset":"videos","model":"motion"}""", Videos);

        Assert.Empty(errors);
        Assert.Null(spec!.Tokenizer);
        Assert.NotNull(spec.Features);
        Assert.Null(spec.Network.EmbeddingSize);
        Assert.Null(spec.Network.EmbeddingDropout);
        Assert.Null(spec.Training.UnknownRate);
    }

    [Fact]
    public void Given_values_are_kept()
    {
        var (spec, errors) = Resolve(
            """{"dataset":"r","model":"m","validation_dataset":"v","network":{"cell":"gru","hidden_size":32,"layers":2,"bidirectional":false,"pooling":"mean","dropout":0},"training":{"epochs":3,"seed":7,"max_minutes":2.5}}""", Reviews);

        Assert.Empty(errors);
        Assert.Equal((CellKind.Gru, 32, 2, false, PoolingKind.Mean, 0.0), (spec!.Network.Cell, spec.Network.HiddenSize, spec.Network.Layers, spec.Network.Bidirectional, spec.Network.Pooling, spec.Network.Dropout));
        Assert.Equal((3, 7L, 2.5), (spec.Training.Epochs, spec.Training.Seed, spec.Training.MaxMinutes));
        Assert.Null(spec.Training.ValidationFraction);
        Assert.Null(spec.Network.ForgetBias);
    }

    [Theory]
    [InlineData("""{"dataset":"r","model":"m"}""", false)]
    [InlineData("""{"dataset":"r","model":"m","name":"n","validation_dataset":"v","test_dataset":"t","network":{"cell":"gru"},"training":{"max_minutes":1}}""", false)]
    [InlineData("""{"dataset":"r","model":"m"}""", true)]
    public void An_echoed_spec_can_be_posted_again_and_gives_itself(string json, bool frames)
    {
        var data = frames ? Videos : Reviews;
        var echoed = JsonSerializer.Serialize(Resolve(json, data).Spec, JsonConventions.Stored);

        var (again, errors) = Resolve(echoed, data);

        Assert.Empty(errors);
        Assert.Equal(echoed, JsonSerializer.Serialize(again, JsonConventions.Stored));
    }

    [Theory]
    [InlineData(""" "hidden_size":32,"forget_bias":1.50 """, false)]
    [InlineData(""" "cell":"gru","forget_bias":"chrono" """, false)]
    [InlineData("", true)]
    public void The_echo_of_a_warm_start_can_be_posted_again_and_gives_itself(string network, bool frames)
    {
        var data = frames ? Videos : Reviews;
        var start = Resolve($$$"""{"dataset":"r","model":"m","network":{{{{network}}}}}""", data).Spec;
        var echoed = JsonSerializer.Serialize(Resolve("""{"dataset":"r","model":"m","init_from":"m:1"}""", data, start).Spec, JsonConventions.Stored);

        var (again, errors) = Resolve(echoed, data, start);

        Assert.Empty(errors);
        Assert.Equal(echoed, JsonSerializer.Serialize(again, JsonConventions.Stored));
    }

    [Theory]
    [InlineData(""" "network":{"hidden_size":64,"layers":1} """, "/network/hidden_size", "network.hidden_size is 64; the model that the job starts from has 32.")]
    [InlineData(""" "network":{"cell":"lstm","hidden_size":32} """, "/network/cell", "network.cell is \"lstm\"; the model that the job starts from has \"gru\".")]
    [InlineData(""" "network":{"forget_bias":1} """, "/network/forget_bias", "network.forget_bias is 1; the model that the job starts from has none.")]
    [InlineData(""" "tokenizer":{"kind":"char"} """, "/tokenizer/kind", "tokenizer.kind is \"char\"; the model that the job starts from has \"word\".")]
    public void A_warm_start_that_asks_for_another_shape_names_the_field_and_both_values(string group, string where, string detail)
    {
        var start = Resolve("""{"dataset":"r","model":"m","network":{"cell":"gru","hidden_size":32,"layers":1}}""", Reviews).Spec;

        var (spec, errors) = Resolve($$"""{"dataset":"r","model":"m","init_from":"m:1",{{group}}}""", Reviews, start);

        Assert.Null(spec);
        var error = Assert.Single(errors);
        Assert.Equal((where, detail), (error.Pointer, error.Detail));
        Assert.NotEmpty(error.Hint);
    }

    [Theory]
    [InlineData("""{"hidden_size":0}""", "/network/hidden_size", "network.hidden_size is 0; it must be a whole number from 1 to 2048.")]
    [InlineData("""{"dropout":1}""", "/network/dropout", "network.dropout is 1; it must be a number from 0 to 0.95.")]
    [InlineData("""{"cell":"lsmt"}""", "/network/cell", "network.cell is \"lsmt\", which is not available.")]
    [InlineData("""{"forget_bias":"chrno"}""", "/network/forget_bias", "network.forget_bias must be a number from -10 to 10, or \"chrono\".")]
    [InlineData("""{"cell":"gru","forget_bias":1}""", "/network/forget_bias", "network.forget_bias is not available for this job.")]
    public void A_wrong_network_value_names_field_limit_and_given(string network, string where, string detail)
    {
        var (spec, errors) = Resolve($$$"""{"dataset":"r","model":"m","network":{{{network}}}}""", Reviews);

        Assert.Null(spec);
        var error = Assert.Single(errors);
        Assert.Equal((where, detail), (error.Pointer, error.Detail));
        Assert.NotEmpty(error.Hint);
    }

    [Theory]
    [InlineData("network", "attention", "\"dot\"")]
    [InlineData("network", "feedback", "\"outputs\"")]
    [InlineData("network", "tie_weights", "true")]
    [InlineData("training", "bptt_steps", "64")]
    [InlineData("training", "momentum", "0.9")]
    [InlineData("training", "step_size", "10")]
    [InlineData("training", "decay", "0.5")]
    [InlineData("training", "scheduled_sampling", "0.5")]
    public void What_does_not_apply_is_refused_not_ignored(string group, string field, string value)
    {
        var (spec, errors) = Resolve($$$"""{"dataset":"r","model":"m","{{{group}}}":{"{{{field}}}":{{{value}}}}}""", Reviews);

        Assert.Null(spec);
        Assert.Equal($"/{group}/{field}", Assert.Single(errors).Pointer);
    }

    [Theory]
    [InlineData("char")]
    [InlineData("bpe")]
    public void Subword_features_are_of_whole_words(string kind)
    {
        var (_, errors) = Resolve($$$"""{"dataset":"r","model":"m","tokenizer":{"kind":"{{{kind}}}","subword_features":"affix"}}""", Reviews);
        Assert.Equal("/tokenizer/subword_features", Assert.Single(errors).Pointer);

        var (spec, none) = Resolve($$$"""{"dataset":"r","model":"m","tokenizer":{"kind":"{{{kind}}}"}}""", Reviews);
        Assert.Empty(none);
        Assert.Equal(SubwordFeatures.None, spec!.Tokenizer!.SubwordFeatures);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var (_, errors) = Resolve("""{"dataset":"r","model":"m","network":{"layers":99},"features":{},"training":{"epochs":0,"seed":-1}}""", Reviews);

        Assert.Equal(["/features", "/network/layers", "/training/seed", "/training/epochs"], errors.Select(error => error.Pointer));
    }

    [Fact]
    public void Every_default_is_itself_acceptable_for_small_and_large_data()
    {
        (LearningTask Task, InputKind Input)[] kinds =
        [
            (LearningTask.VectorClassification, InputKind.Vector), (LearningTask.Captioning, InputKind.Vector),
            .. new[] { InputKind.Text, InputKind.Tokens, InputKind.Frames }.Select(input => (LearningTask.SequenceClassification, input)),
            (LearningTask.SequenceLabeling, InputKind.Tokens), (LearningTask.SequenceLabeling, InputKind.Frames),
            (LearningTask.Translation, InputKind.Text), (LearningTask.LanguageModeling, InputKind.Text),
        ];
        foreach (var (task, input) in kinds)
            foreach (var rows in new[] { 2, 300, 5_000, 100_000, 5_000_000 })
                foreach (var length in new[] { 1, 20 })
                {
                    var data = new DatasetFacts
                    {
                        Task = task,
                        Input = input,
                        Rows = rows,
                        MedianLength = length,
                        MaxLength = 400,
                        Classes = 3,
                        FeatureSize = input is InputKind.Frames or InputKind.Vector ? 12 : 0,
                        Bytes = 40L * rows,
                    };
                    var (spec, errors) = Resolve("""{"dataset":"r","model":"m"}""", data);
                    Assert.Empty(errors);
                    // The echo can be posted again as it is.
                    Assert.Empty(Resolve(JsonSerializer.Serialize(spec, JsonConventions.Stored), data).Errors);
                    Assert.Equal(spec!.ToString(), Resolve(JsonSerializer.Serialize(spec, JsonConventions.Stored), data).Spec!.ToString());
                }
    }
}
