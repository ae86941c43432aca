using System.Net.Http.Headers;
using System.Text;

namespace RnnService.Tests.Datasets;

/// <summary>Uploads as a client would send them.</summary>
internal static class Uploads
{
    /// <summary>A small good file.</summary>
    public const string Good = "text,label\nwhat a film,positive\nwhat a bore,negative\ntruly great,positive\n";

    /// <summary>Uploads a text as a file.</summary>
    public static Task<HttpResponseMessage> UploadAsync(this HttpClient client, string name, string content, string fileName = "data.csv", string task = "sequence_classification") =>
        client.UploadAsync(name, Encoding.UTF8.GetBytes(content), fileName, task);

    /// <summary>Uploads bytes as a file.</summary>
    public static async Task<HttpResponseMessage> UploadAsync(this HttpClient client, string name, byte[] content, string fileName = "data.csv", string task = "sequence_classification") =>
        await client.SendFormAsync(new ByteArrayContent(content), fileName, null, ("name", name), ("task", task));

    /// <summary>Sends a form of any fields, the file last.</summary>
    public static async Task<HttpResponseMessage> SendFormAsync(
        this HttpClient client, HttpContent file, string fileName, string? idempotencyKey, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
            form.Add(new StringContent(value), name);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        form.Add(file, "file", fileName);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/datasets") { Content = form };
        if (idempotencyKey is not null)
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
