using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Registry;

/// <summary>Versions, aliases and references on the real host.</summary>
public sealed class ModelTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static readonly string[] Inputs = ["great"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    [Fact]
    public async Task References_follow_versions_and_aliases()
    {
        await TrainAsync("followed", 3);

        Assert.Equal(3, await VersionAsync("followed"));
        Assert.Equal(2, await VersionAsync("followed:2"));
        await AliasAsync("followed", "production", 1);
        Assert.Equal(1, await VersionAsync("followed"));
        await AliasAsync("followed", "canary", 2);
        Assert.Equal(2, await VersionAsync("followed@canary"));
        await AliasAsync("followed", "canary", 3);
        Assert.Equal(3, await VersionAsync("followed@canary"));
        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync("/api/v1/models/followed/aliases/production", Cancellation)).StatusCode);
        Assert.Equal(3, await VersionAsync("followed"));
        await (await ClassifyAsync("followed:4")).ProblemAsync(404, "not_found");
        await (await ClassifyAsync("followed@production")).ProblemAsync(404, "not_found");
        await (await ClassifyAsync("none")).ProblemAsync(404, "not_found");

        var model = await Client.GetFromJsonAsync<JsonElement>("/api/v1/models/followed", Cancellation);
        Assert.Equal("sequence_classification", model.Text("task"));
        Assert.Equal([3, 2, 1], model.GetProperty("versions").EnumerateArray().Select(version => version.GetProperty("version").GetInt32()));
        Assert.Equal(3, model.GetProperty("aliases").GetProperty("canary").GetInt32());
        var listed = await Client.GetFromJsonAsync<JsonElement>("/api/v1/models", Cancellation);
        Assert.Contains(listed.GetProperty("data").EnumerateArray(), found => found.ToString() == model.ToString());
    }

    [Fact]
    public async Task A_version_is_deleted_unless_an_alias_points_at_it_and_its_number_is_not_given_again()
    {
        await TrainAsync("deleted", 2);
        await AliasAsync("deleted", "kept", 2);
        Assert.Equal(2, await VersionAsync("deleted:2"));

        await (await Client.DeleteAsync("/api/v1/models/deleted/versions/2", Cancellation)).ProblemAsync(409, "conflict");
        await (await Client.DeleteAsync("/api/v1/models/deleted", Cancellation)).ProblemAsync(409, "conflict");
        await Client.DeleteAsync("/api/v1/models/deleted/aliases/kept", Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync("/api/v1/models/deleted/versions/2", Cancellation)).StatusCode);

        await (await ClassifyAsync("deleted:2")).ProblemAsync(404, "not_found");
        Assert.Equal(1, await VersionAsync("deleted"));
        await TrainAsync("deleted", 1);
        Assert.Equal(3, await VersionAsync("deleted"));
        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync("/api/v1/models/deleted", Cancellation)).StatusCode);
        await (await Client.GetAsync("/api/v1/models/deleted", Cancellation)).ProblemAsync(404, "not_found");
        using var context = fixture.Service.Context();
        Assert.DoesNotContain(context.ModelVersions, row => row.Model == "deleted");
    }

    [Theory]
    [InlineData("GET", "/api/v1/models/none", null, 404, "not_found")]
    [InlineData("DELETE", "/api/v1/models/none", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/models/none/versions/1", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/models/none/versions/1/weights", null, 404, "not_found")]
    [InlineData("DELETE", "/api/v1/models/none/versions/1", null, 404, "not_found")]
    [InlineData("DELETE", "/api/v1/models/none/aliases/a", null, 404, "not_found")]
    [InlineData("PUT", "/api/v1/models/none/aliases/a", """{"version":1}""", 404, "not_found")]
    [InlineData("PUT", "/api/v1/models/none/aliases/A", """{"version":1}""", 422, "invalid")]
    [InlineData("PUT", "/api/v1/models/none/aliases/a", """{"version":"x"}""", 400, "malformed")]
    [InlineData("GET", "/api/v1/models?limit=0", null, 422, "invalid")]
    [InlineData("GET", "/api/v1/models?after=none", null, 422, "invalid")]
    public async Task What_is_not_there_is_said(string method, string path, string? body, int status, string kind)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

        await (await Client.SendAsync(request, Cancellation)).ProblemAsync(status, kind);
    }

    private async Task TrainAsync(string model, int versions)
    {
        await Client.UploadAsync("tiny", Uploads.Good);
        for (var i = 0; i < versions; i++)
            await Client.EndAsync(await Client.StartJobAsync($$$"""{"dataset":"tiny","model":"{{{model}}}","network":{"hidden_size":4,"embedding_size":4},"training":{"epochs":1}}"""));
    }

    private async Task AliasAsync(string model, string alias, int version)
    {
        var response = await Client.PutAsJsonAsync($"/api/v1/models/{model}/aliases/{alias}", new { version }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private Task<HttpResponseMessage> ClassifyAsync(string reference) =>
        Client.PostAsJsonAsync($"/api/v1/models/{reference}/classify", new { inputs = Inputs }, Cancellation);

    private async Task<int> VersionAsync(string reference)
    {
        var response = await ClassifyAsync(reference);
        var answer = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        return answer.GetProperty("version").GetInt32();
    }
}
