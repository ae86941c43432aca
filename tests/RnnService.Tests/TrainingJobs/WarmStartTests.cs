using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Jobs that start from a version, and specs that are posted again as they were echoed.</summary>
public sealed class WarmStartTests(TinyTasksFixture fixture) : IClassFixture<TinyTasksFixture>, IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync()
    {
        await Client.UploadAsync("ugly", "text,label\none two up,good\nsix down,ugly\n");
        await Client.UploadAsync("wide", "{\"frames\":[[1,2]],\"label\":\"good\"}\n{\"frames\":[[2,1]],\"label\":\"bad\"}\n", "wide.jsonl");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("vectors")]
    [InlineData("captions")]
    [InlineData("texts")]
    [InlineData("tokens")]
    [InlineData("frames")]
    [InlineData("tags")]
    [InlineData("signals")]
    [InlineData("translations")]
    [InlineData("story")]
    [InlineData("stories")]
    public async Task A_job_starts_from_the_weights_and_every_echoed_spec_gives_its_weights_again(string dataset)
    {
        var model = fixture.NextModel();
        var cold = await TrainAsync(TinyTasks.Job(dataset, model, """ "layers":1 """, """ "epochs":3 """, $"\"test_dataset\":\"{dataset}\""));
        // So slow that the weights stay where they are.
        var still = await TrainAsync($$"""{"dataset":"{{dataset}}","model":"{{model}}","init_from":"{{model}}:1","training":{"epochs":1,"batch_size":8,"learning_rate":1e-8} }""");
        var warm = await TrainAsync($$"""{"dataset":"{{dataset}}","model":"{{model}}","init_from":"{{model}}","name":"{{model}}-warm","training":{"epochs":1,"batch_size":8,"learning_rate":0.001} }""");

        Assert.Equal(Loss(cold, "validation"), Loss(still, "validation"), 1e-4);
        var (first, begun) = (await FirstLossAsync(cold), await FirstLossAsync(still));
        Assert.True(begun < first, $"the first epoch's loss is {begun}, from nothing it is {first}");
        Assert.Equal($"{model}:2", warm.GetProperty("spec").Text("init_from"));
        Assert.Equal(cold.GetProperty("spec").GetProperty("network").ToString(), warm.GetProperty("spec").GetProperty("network").ToString());
        foreach (var job in new[] { cold, warm })
        {
            var again = await TrainAsync(job.GetProperty("spec").ToString());
            Assert.Equal(job.GetProperty("spec").ToString(), again.GetProperty("spec").ToString());
            Assert.Equal(await WeightsAsync(job), await WeightsAsync(again));
        }

        Assert.NotEqual(await WeightsAsync(cold), await WeightsAsync(warm));
    }

    [Fact]
    public async Task A_start_that_does_not_fit_is_pointed_at()
    {
        var (texts, letters, frames) = (fixture.NextModel(), fixture.NextModel(), fixture.NextModel());
        await TrainAsync(TinyTasks.Job("texts", texts, """ "cell":"gru" """, """ "epochs":1 """));
        await TrainAsync(TinyTasks.Job("texts", letters, training: """ "epochs":1 """, more: """ "tokenizer":{"kind":"char"} """));
        await TrainAsync(TinyTasks.Job("frames", frames, training: """ "epochs":1 """));
        (string Dataset, string From, string More, string Where, string Says)[] refused =
        [
            ("texts", "nobody", "", "/init_from", "no model 'nobody'"),
            ("texts", $"{texts}:9", "", "/init_from", $"no model '{texts}:9'"),
            ("texts", $"{texts}@production", "", "/init_from", $"no model '{texts}@production'"),
            ("tags", texts, "", "/init_from", "is for sequence_classification, the training dataset for sequence_labeling"),
            ("frames", texts, "", "/init_from", "reads text, the training dataset has frames"),
            ("texts", frames, "", "/init_from", "reads 3 numbers a step, the training dataset has text"),
            ("tokens", letters, "", "/init_from", "reads text by char, the training dataset has tokens"),
            ("wide", frames, "", "/init_from", "reads 3 numbers a step"),
            ("ugly", texts, "", "/init_from", "does not know the label ugly"),
            ("texts", texts, ""","network":{"hidden_size":64}""", "/network/hidden_size", "is 64; the model that the job starts from has 32"),
            ("texts", texts, ""","network":{"hidden_size":32,"cell":"lstm"}""", "/network/cell", "is \"lstm\"; the model that the job starts from has \"gru\""),
            ("texts", texts, ""","network":{"attention":"dot"}""", "/network/attention", "is \"dot\"; the model that the job starts from has none"),
            ("texts", texts, ""","tokenizer":{"kind":"char"}""", "/tokenizer/kind", "is \"char\"; the model that the job starts from has \"word\""),
            ("texts", texts, ""","features":{"scaling":"none"}""", "/features", "not scaled"),
            ("frames", frames, ""","features":{"scaling":"none"}""", "/features/scaling", "is \"none\"; the model that the job starts from has"),
            ("frames", frames, ""","tokenizer":{"kind":"char"}""", "/tokenizer", "no tokens"),
        ];
        foreach (var (dataset, from, more, where, says) in refused)
        {
            var problem = await (await Client.PostJobAsync($$"""{"dataset":"{{dataset}}","model":"refused","init_from":"{{from}}"{{more}} }""")).ProblemAsync(422, "invalid");
            Assert.Equal(where, Assert.Single(problem.GetProperty("errors").EnumerateArray()).Text("pointer"));
            Assert.Contains(says, problem.Text("detail"), StringComparison.Ordinal);
        }

        var other = await (await Client.PostJobAsync($$"""{"dataset":"frames","model":"{{fixture.NextModel()}}","init_from":"{{frames}}","network":{"cell":"bad","hidden_size":1} }""")).ProblemAsync(422, "invalid");
        Assert.Equal(["/network/cell", "/network/hidden_size"], other.GetProperty("errors").EnumerateArray().Select(error => error.Text("pointer")).Order());
    }

    private async Task<JsonElement> TrainAsync(string body) => await Client.EndAsync(await Client.StartJobAsync(body));

    private static double Loss(JsonElement job, string split) => job.GetProperty("metrics").GetProperty(split).GetProperty("loss").GetDouble();

    private async Task<double> FirstLossAsync(JsonElement job) =>
        (await Client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{job.Text("id")}/metrics", Cancellation)).GetProperty("data").EnumerateArray()
        .First(point => point.GetProperty("epoch").GetInt32() == 1 && point.Text("split") == "train" && point.Text("name") == "loss").GetProperty("value").GetDouble();

    private async Task<string> WeightsAsync(JsonElement job)
    {
        var result = job.GetProperty("result");
        var version = await Client.GetFromJsonAsync<JsonElement>($"/api/v1/models/{result.Text("model")}/versions/{result.GetProperty("version")}", Cancellation);
        return version.GetProperty("receipt").Text("weights_sha256");
    }
}
