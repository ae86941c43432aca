using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace RnnService.Tests.Http;

/// <summary>With an admin key, everything but health and the Swagger page wants it.</summary>
public sealed class KeyTests
{
    private const string Key = "correct-horse-battery-staple";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_health_and_swagger_are_open()
    {
        await using var service = await RunningService.StartAsync($"--RnnService:AdminKey={Key}");
        foreach (var path in new[] { "/health/live", "/health/ready", "/swagger/index.html", "/swagger/v1/swagger.json" })
            Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync(path, Cancellation)).StatusCode);
        foreach (var path in new[] { "/api/v1/datasets", "/hangfire", "/healthy", "/nothing", "/" })
        {
            var refused = await service.Client.GetAsync(path, Cancellation);
            await refused.ProblemAsync(401, "unauthorized");
            Assert.Equal(path == "/hangfire" ? "Basic" : "Bearer", Assert.Single(refused.Headers.WwwAuthenticate).Scheme);
        }
        Assert.Contains("\"scheme\": \"bearer\"", await service.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
    }

    [Theory]
    [InlineData("Authorization", "Bearer " + Key, true)]
    [InlineData("X-Api-Key", Key, true)]
    [InlineData("Authorization", "Bearer wrong", false)]
    [InlineData("Authorization", "Bearer " + Key + "x", false)]
    [InlineData("Authorization", "Bearer", false)]
    [InlineData("X-Api-Key", "wrong", false)]
    [InlineData("Authorization", "Basic eDpjb3JyZWN0LWhvcnNlLWJhdHRlcnktc3RhcGxl", false)]
    public async Task A_key_opens_only_if_it_is_the_key(string header, string value, bool opens)
    {
        await using var service = await RunningService.StartAsync($"--RnnService:AdminKey={Key}");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/datasets");
        request.Headers.TryAddWithoutValidation(header, value);
        Assert.Equal(opens ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, (await service.Client.SendAsync(request, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_browser_may_open_the_dashboard_with_the_key_as_password()
    {
        await using var service = await RunningService.StartAsync($"--RnnService:AdminKey={Key}");
        foreach (var (password, opens) in new[] { (Key, true), ("wrong", false) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/hangfire");
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{password}")));
            Assert.Equal(opens ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, (await service.Client.SendAsync(request, Cancellation)).StatusCode);
        }
    }

    [Fact]
    public async Task With_a_key_any_host_name_is_fine()
    {
        await using var service = await RunningService.StartAsync($"--RnnService:AdminKey={Key}");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/datasets");
        request.Headers.Host = "rnn.example.org";
        request.Headers.Add("X-Api-Key", Key);
        Assert.Equal(HttpStatusCode.OK, (await service.Client.SendAsync(request, Cancellation)).StatusCode);
    }
}
