namespace RnnService.Tests.TrainingJobs;

/// <summary>A field that means nothing for a task is refused where it stands, all of them at once.</summary>
public sealed class TaskFieldTests(TinyTasksFixture fixture) : IClassFixture<TinyTasksFixture>
{
    private static readonly (string Pointer, string Value)[] s_network =
    [
        ("/network/bidirectional", "true"), ("/network/pooling", "\"mean\""), ("/network/attention", "\"dot\""), ("/network/feedback", "\"zeros\""), ("/network/tie_weights", "true"),
        ("/network/variational_dropout", "true"), ("/network/recurrent_init", "\"uniform\""), ("/network/embedding_size", "8"), ("/network/embedding_dropout", "0.1"),
    ];

    private static readonly (string Pointer, string Value)[] s_training =
    [
        ("/training/bptt_steps", "8"), ("/training/class_weights", "\"balanced\""), ("/training/unknown_rate", "0.1"), ("/training/scheduled_sampling", "0.5"), ("/training/gradient_flow", "true"),
    ];

    private static readonly (string Pointer, string Value)[] s_tokenizer = [("/tokenizer/token_ngrams", "2"), ("/tokenizer/subword_features", "\"affix\"")];

    private static readonly (string Pointer, string Value)[] s_features = [("/features/scaling", "\"none\"")];

    // What no job of these settings has: there is no momentum in adam and no step in cosine.
    private static readonly (string Pointer, string Value)[] s_never =
        [("/training/momentum", "0.9"), ("/training/step_size", "10"), ("/training/decay", "0.5")];

    [Theory]
    [InlineData("vectors", "/network/bidirectional /network/pooling /network/attention /network/feedback /network/tie_weights /network/variational_dropout /network/recurrent_init /network/embedding_size /network/embedding_dropout /training/bptt_steps /training/unknown_rate /training/scheduled_sampling /training/gradient_flow /tokenizer")]
    [InlineData("captions", "/network/bidirectional /network/pooling /network/attention /network/tie_weights /training/bptt_steps /training/class_weights /training/unknown_rate /training/scheduled_sampling /tokenizer/token_ngrams /tokenizer/subword_features")]
    [InlineData("texts", "/network/attention /network/feedback /network/tie_weights /training/bptt_steps /training/scheduled_sampling /features")]
    [InlineData("tokens", "/network/attention /network/feedback /network/tie_weights /training/bptt_steps /training/scheduled_sampling /features")]
    [InlineData("frames", "/network/attention /network/feedback /network/tie_weights /network/embedding_size /network/embedding_dropout /training/bptt_steps /training/unknown_rate /training/scheduled_sampling /tokenizer")]
    [InlineData("tags", "/network/pooling /network/attention /network/feedback /network/tie_weights /training/bptt_steps /training/scheduled_sampling /tokenizer/token_ngrams /features")]
    [InlineData("signals", "/network/pooling /network/attention /network/feedback /network/tie_weights /network/embedding_size /network/embedding_dropout /training/bptt_steps /training/unknown_rate /training/scheduled_sampling /tokenizer")]
    [InlineData("translations", "/network/pooling /network/feedback /training/bptt_steps /training/class_weights /tokenizer/token_ngrams /tokenizer/subword_features /features")]
    [InlineData("stories", "/network/bidirectional /network/pooling /network/attention /network/feedback /training/class_weights /training/scheduled_sampling /tokenizer/token_ngrams /tokenizer/subword_features /features")]
    public async Task Every_field_is_taken_or_refused_as_the_task_has_it(string dataset, string refused)
    {
        var wanted = refused.Split(' ').Concat(s_never.Select(field => field.Pointer)).Order(StringComparer.Ordinal);

        var problem = await (await fixture.Client.PostJobAsync(Body(dataset, [.. s_network, .. s_training, .. s_tokenizer, .. s_features, .. s_never]))).ProblemAsync(422, "invalid");

        var errors = problem.GetProperty("errors").EnumerateArray().ToArray();
        Assert.Equal(wanted, errors.Select(error => error.Text("pointer")).Order(StringComparer.Ordinal));
        Assert.All(errors, error => Assert.NotEmpty(error.Text("detail")));
    }

    [Theory]
    [InlineData("vectors", "/network/cell", """ "network":{"cell":"lstm"} """)]
    [InlineData("vectors", "/network/forget_bias", """ "network":{"forget_bias":1} """)]
    [InlineData("signals", "/network/forget_bias", """ "network":{"cell":"gru","forget_bias":1} """)]
    [InlineData("tokens", "/tokenizer/kind", """ "tokenizer":{"kind":"char"} """)]
    [InlineData("tags", "/tokenizer/kind", """ "tokenizer":{"kind":"bpe"} """)]
    [InlineData("captions", "/training/scheduled_sampling", """ "network":{"feedback":"zeros"},"training":{"scheduled_sampling":0.5} """)]
    [InlineData("texts", "/training/validation_fraction", """ "validation_dataset":"texts","training":{"validation_fraction":0.2} """)]
    [InlineData("story", "/training/validation_fraction", """ "training":{"validation_fraction":0} """)]
    [InlineData("texts", "/training/validation_fraction", """ "training":{"validation_fraction":0.6} """)]
    public async Task A_value_that_the_data_or_other_settings_exclude_is_refused(string dataset, string pointer, string given)
    {
        var problem = await (await fixture.Client.PostJobAsync($$"""{"dataset":"{{dataset}}","model":"refused",{{given}}}""")).ProblemAsync(422, "invalid");

        Assert.Equal(pointer, Assert.Single(problem.GetProperty("errors").EnumerateArray()).Text("pointer"));
    }

    private static string Body(string dataset, (string Pointer, string Value)[] fields)
    {
        var groups = fields.GroupBy(field => field.Pointer.Split('/')[1], field => $"\"{field.Pointer.Split('/')[2]}\":{field.Value}");
        return $$"""{"dataset":"{{dataset}}","model":"refused",{{string.Join(',', groups.Select(group => $"\"{group.Key}\":{{{string.Join(',', group)}}}"))}}}""";
    }
}
