using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RnnService.Tests;

/// <summary>The requests to try, src/RnnService/requests.http: each is one that the service has, with a body that can be read.</summary>
public sealed partial class RequestsHttpTests
{
    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "src", "RnnService"));

    [GeneratedRegex(@"^(?<method>GET|POST|PUT|DELETE)\s+(?<url>\S+)", RegexOptions.Multiline)]
    private static partial Regex Requests();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Placeholders();

    [Fact]
    public async Task Every_request_is_an_operation_of_the_document_and_every_operation_has_one()
    {
        var file = Path.Combine(Folder(), "requests.http");
        Assert.SkipUnless(File.Exists(file), $"the sources are not beside the tests: {file}");
        await using var service = await RunningService.StartAsync();
        var document = JsonSerializer.Deserialize<JsonElement>(await service.Client.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken));
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()
            .Where(operation => operation.Name is "get" or "post" or "put" or "delete").Select(operation => (Method: operation.Name.ToUpperInvariant(), Path: path.Name))).ToArray();

        var requests = Requests().Matches(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))
            .Select(match => (Method: match.Groups["method"].Value, Path: PathOf(match.Groups["url"].Value))).Where(request => request.Path.StartsWith("/api/", StringComparison.Ordinal)).ToArray();

        Assert.True(requests.Length > 30);
        foreach (var request in requests) Assert.True(operations.Any(operation => Fits(operation, request)), $"{request} is no operation");
        foreach (var operation in operations.Where(operation => operation.Path.StartsWith("/api/", StringComparison.Ordinal)))
            Assert.True(requests.Any(request => Fits(operation, request)), $"{operation} has no request");
    }

    private static string PathOf(string url)
    {
        var path = url.Replace("{{host}}", "", StringComparison.Ordinal);
        return path.Split('?')[0];
    }

    private static bool Fits((string Method, string Path) operation, (string Method, string Path) request) =>
        operation.Method == request.Method && Regex.IsMatch(request.Path, $"^{Placeholders().Replace(operation.Path, "[^/]+")}/?$");
}
