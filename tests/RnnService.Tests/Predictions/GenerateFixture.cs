namespace RnnService.Tests.Predictions;

/// <summary>One service with all models that write.</summary>
public sealed class GenerateFixture : IAsyncLifetime
{
    private RunningService? _service;

    internal RunningService Service => _service ?? throw new InvalidOperationException("The service has not started.");

    internal HttpClient Client => Service.Client;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _service = await RunningService.StartAsync();
        await GenerateModels.PublishAllAsync(_service);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;
}
