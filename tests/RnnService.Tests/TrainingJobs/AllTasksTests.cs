using System.Text.Json;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Every task with every kind of input and every setting: trained over HTTP, measured in the job, then asked.</summary>
public sealed class AllTasksTests(TinyTasksFixture fixture) : IClassFixture<TinyTasksFixture>
{
    private HttpClient Client => fixture.Client;

    [Theory]
    [InlineData("vectors")]
    [InlineData("vectors-csv")]
    [InlineData("texts")]
    [InlineData("tokens")]
    [InlineData("frames")]
    [InlineData("tags")]
    [InlineData("signals")]
    [InlineData("captions")]
    [InlineData("captions-csv")]
    [InlineData("translations")]
    [InlineData("translations-tsv")]
    [InlineData("story")]
    [InlineData("stories")]
    public Task Every_task_and_input(string dataset) => SolvesAsync(dataset);

    [Theory]
    [InlineData("texts", "char")]
    [InlineData("texts", "bpe")]
    [InlineData("captions", "char")]
    [InlineData("captions", "bpe")]
    [InlineData("translations", "char")]
    [InlineData("translations", "bpe")]
    [InlineData("story", "word")]
    [InlineData("story", "bpe")]
    [InlineData("stories", "word")]
    public Task Every_tokenizer(string dataset, string kind) => SolvesAsync(dataset, more: $$""" "tokenizer":{"kind":"{{kind}}"{{(kind == "bpe" ? ",\"vocabulary_size\":60" : "")}}}""");

    [Theory]
    [InlineData("vectors", "rnn_relu")]
    [InlineData("tags", "rnn_tanh")]
    [InlineData("signals", "rnn_relu")]
    [InlineData("signals", "gru")]
    [InlineData("texts", "gru")]
    [InlineData("captions", "gru")]
    [InlineData("translations", "lstm")]
    [InlineData("stories", "lstm")]
    public Task Every_cell(string dataset, string cell) => SolvesAsync(dataset, $""" "cell":"{cell}" """);

    [Theory]
    [InlineData("translations", """ "attention":"additive","layers":2 """)]
    [InlineData("translations", """ "attention":"dot","bidirectional":false """)]
    [InlineData("translations", """ "tie_weights":false """)]
    [InlineData("captions", """ "feedback":"zeros" """)]
    [InlineData("captions", """ "feedback":"outputs","tie_weights":true """)]
    [InlineData("stories", """ "tie_weights":true """)]
    [InlineData("stories", """ "variational_dropout":true,"dropout":0.1,"embedding_dropout":0.1 """)]
    [InlineData("texts", """ "variational_dropout":true,"dropout":0.2,"bidirectional":false """)]
    [InlineData("tags", """ "forget_bias":"chrono","bidirectional":false """)]
    [InlineData("tags", """ "forget_bias":"chrono","cell":"gru" """)]
    [InlineData("signals", """ "cell":"lstm","forget_bias":2,"recurrent_init":"xavier" """)]
    [InlineData("signals", """ "cell":"rnn_relu","recurrent_init":"identity" """)]
    [InlineData("signals", """ "cell":"rnn_tanh","recurrent_init":"uniform","layers":2 """)]
    [InlineData("texts", """ "pooling":"last" """)]
    [InlineData("frames", """ "pooling":"mean" """)]
    [InlineData("vectors", """ "layers":2,"dropout":0.1 """)]
    public Task Every_setting_of_the_network(string dataset, string network) => SolvesAsync(dataset, network);

    /// <summary>One state must hold the whole source: most of it is right, not every word.</summary>
    [Fact]
    public async Task A_translator_without_attention()
    {
        var job = await Client.EndAsync(await Client.StartJobAsync(TinyTasks.Job("translations", fixture.NextModel(), """ "attention":"none" """, """ "epochs":60 """, "\"test_dataset\":\"translations\"")));
        AssertMeasured("translations", job.GetProperty("metrics"));
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("momentum")]
    [InlineData("nesterov")]
    [InlineData("rmsprop")]
    [InlineData("adagrad")]
    [InlineData("adamw")]
    public async Task Every_optimizer_at_its_own_learning_rate(string optimizer)
    {
        foreach (var dataset in new[] { "vectors", "texts" })
        {
            var model = fixture.NextModel();
            var job = TinyTasks.Job(dataset, model, training: $""" "epochs":40,"optimizer":"{optimizer}" """).Replace(",\"learning_rate\":0.01", "", StringComparison.Ordinal);
            await Client.EndAsync(await Client.StartJobAsync(job));
            await TinyTasks.AssertSolvedAsync(Client, dataset, model);
        }
    }

    [Theory]
    [InlineData("vectors", """ "schedule":"constant" """)]
    [InlineData("vectors", """ "schedule":"step","step_size":50,"decay":0.7 """)]
    [InlineData("vectors", """ "schedule":"plateau","decay":0.7 """)]
    [InlineData("vectors", """ "clip_value":0.05,"clip_norm":0 """)]
    [InlineData("vectors", """ "class_weights":"balanced" """)]
    [InlineData("vectors", """ "accumulate_steps":2 """)]
    [InlineData("tags", """ "class_weights":"balanced","unknown_rate":0.05 """)]
    [InlineData("texts", """ "unknown_rate":0.2,"label_smoothing":0.2 """)]
    [InlineData("stories", """ "accumulate_steps":2,"bptt_steps":16,"clip_value":0.1 """)]
    [InlineData("translations", """ "accumulate_steps":3,"label_smoothing":0.1,"epochs":35 """)]
    [InlineData("translations", """ "scheduled_sampling":0.3,"unknown_rate":0.02 """)]
    [InlineData("captions", """ "scheduled_sampling":0.3,"weight_decay":0.0001,"optimizer":"adamw" """)]
    public Task Every_setting_of_the_learning(string dataset, string training) => SolvesAsync(dataset, training: training);

    [Theory]
    [InlineData("vectors", "none")]
    [InlineData("frames", "robust")]
    [InlineData("signals", "none")]
    [InlineData("captions", "robust")]
    public Task Every_scaling(string dataset, string scaling) => SolvesAsync(dataset, more: $$""" "features":{"scaling":"{{scaling}}"}""");

    /// <summary>Whatever rows are held out: a label that stands in one row only may be among them.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_label_of_one_row_breaks_no_job(int seed)
    {
        var rows = Enumerable.Range(0, 6).Select(row => $$"""{"tokens":["a{{row}}","b"],"labels":["only{{row}}","X"]}""");
        var form = new MultipartFormDataContent { { new StringContent($"rare-{seed}"), "name" }, { new StringContent("sequence_labeling"), "task" } };
        form.Add(new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', rows))), "file", "rare.jsonl");
        (await Client.PostAsync("/api/v1/datasets", form, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        var job = await Client.EndAsync(await Client.StartJobAsync($$"""{"dataset":"rare-{{seed}}","model":"{{fixture.NextModel()}}","network":{"hidden_size":4},"training":{"seed":{{seed}},"epochs":2} }"""));

        Assert.Equal("succeeded", job.Text("status"));
    }

    private async Task SolvesAsync(string dataset, string network = "", string training = "", string more = "")
    {
        var model = fixture.NextModel();
        var id = await Client.StartJobAsync(TinyTasks.Job(dataset, model, network, training, $"\"test_dataset\":\"{dataset}\"" + (more.Length > 0 ? "," : "") + more));
        var job = await Client.EndAsync(id);

        AssertMeasured(dataset, job.GetProperty("metrics"));
        await TinyTasks.AssertSolvedAsync(Client, dataset, model);
    }

    /// <summary>Every figure of the task, on every split, says that it is solved; no figure of another task is there.</summary>
    private static void AssertMeasured(string dataset, JsonElement metrics)
    {
        var isStream = dataset is "story" or "stories";
        var emits = isStream || dataset.StartsWith("captions", StringComparison.Ordinal) || dataset.StartsWith("translations", StringComparison.Ordinal);
        foreach (var split in new[] { "train", "validation", "test" })
        {
            var figures = metrics.GetProperty(split);
            var loss = figures.GetProperty("loss").GetDouble();
            Assert.True(loss >= 0 && loss < (isStream ? 1.5 : 0.5), $"{split}: {metrics}");
            Assert.True(figures.GetProperty("accuracy").GetDouble() > (emits ? 0.9 : 0.95), $"{split}: {metrics}");
            Assert.Equal(!emits, figures.TryGetProperty("macro_f1", out var f1) && f1.ValueKind == JsonValueKind.Number);
            if (!emits) Assert.InRange(f1.GetDouble(), 0.9, 1);
            Assert.Equal(emits, figures.TryGetProperty("perplexity", out var perplexity) && perplexity.ValueKind == JsonValueKind.Number);
            if (emits) Assert.Equal(Math.Exp(loss), perplexity.GetDouble(), 1e-6);
            Assert.Equal(emits && !isStream && split != "train", figures.TryGetProperty("bleu", out var bleu) && bleu.ValueKind == JsonValueKind.Number);
            if (emits && !isStream && split != "train") Assert.InRange(bleu.GetDouble(), 0.5, 1);
        }
    }
}
