using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace RnnService.Tests.Predictions;

/// <summary>Asking for texts as a client would.</summary>
internal static class GenerateClient
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Posts a request; the answer may still be a problem.</summary>
    public static Task<HttpResponseMessage> PostGenerateAsync(this HttpClient client, string model, string body, CancellationToken? leaves = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/models/{model}/generate") { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaves ?? Cancellation);
    }

    /// <summary>Several inputs, or the tokens of one.</summary>
    public static string[] Each(params string[] inputs) => inputs;

    /// <summary>Posts inputs with options (JSON members) and returns the whole answer.</summary>
    public static async Task<JsonElement> GenerateAsync(this HttpClient client, string model, object inputs, string options = "")
    {
        var response = await client.PostGenerateAsync(model, $$"""{"inputs":{{JsonSerializer.Serialize(inputs)}}{{(options.Length > 0 ? "," : "")}}{{options}}}""");
        var answer = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        return answer;
    }

    /// <summary>The answer to one input.</summary>
    public static async Task<JsonElement> WriteAsync(this HttpClient client, string model, object input, string options = "") =>
        Assert.Single((await client.GenerateAsync(model, new[] { input }, options)).GetProperty("predictions").EnumerateArray());

    /// <summary>The log-probability of a text.</summary>
    public static double LogProbability(this JsonElement text) => text.GetProperty("log_probability").GetDouble();

    /// <summary>The number of tokens of a text.</summary>
    public static int Tokens(this JsonElement text) => text.GetProperty("tokens").GetInt32();

    /// <summary>By what a beam orders texts.</summary>
    public static double Score(this JsonElement text, double alpha = 0) => text.LogProbability() / Math.Pow((5.0 + text.Tokens()) / 6, alpha);
}
