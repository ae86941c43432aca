using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace RnnService.Tests.Storage;

/// <summary>What one process protects, every process on the same database can read, and no other.</summary>
public sealed class ProtectionKeyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-test-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_outlives_the_process_that_made_it()
    {
        string token;
        await using (var before = await RunningService.StartInAsync(_directory))
            token = Protector(before).Protect("state");

        await using (var after = await RunningService.StartInAsync(_directory))
        {
            Assert.Equal("state", Protector(after).Unprotect(token));
            await using var context = after.Context();
            Assert.Contains("<key ", (await context.ProtectionKeys.SingleAsync(Cancellation)).Xml, StringComparison.Ordinal);
        }

        await using var elsewhere = await RunningService.StartAsync();
        Assert.Throws<CryptographicException>(() => Protector(elsewhere).Unprotect(token));
    }

    private static IDataProtector Protector(RunningService service) => service.App.Services.GetDataProtector("test");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}
